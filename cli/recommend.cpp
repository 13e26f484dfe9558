#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "advisor/gpu_recommendation.hpp"
#include "advisor/hardware.hpp"
#include "cli/asked_model.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/grounds.hpp"
#include "cli/new_assessment.hpp"
#include "cli/verdict_text.hpp"
#include "reports/renderer.hpp"

namespace assay {
namespace {

constexpr long long k_usual_top = 10;
constexpr std::size_t k_top_on_gpu = 5;

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  declare_grounds_options(own);
  own.add_options()("format", options::value<std::string>()->value_name("F"),
                    "models in this format only (default: each in the best that is ok)");
  own.add_options()("top", options::value<long long>()->value_name("N")->default_value(k_usual_top),
                    "how many models are shown");
}

/// A recommendation is an answer where it names a model; without one it is a no where rates are
/// known, and no answer where they are not.
int exit_code_of(const Recommendation& recommendation, const std::vector<GpuRecommendation>& gpus,
                 bool calibrated) {
  if (!recommendation.ranking.empty()) return k_exit_yes;
  for (const GpuRecommendation& gpu : gpus) {
    if (!gpu.recommendation.ranking.empty()) return k_exit_yes;
  }
  return calibrated ? k_exit_no : k_exit_cannot_tell;
}

/// Models for each of the machine's own GPUs.
Result<std::vector<GpuRecommendation>> on_gpus(const Invocation& invocation, const Grounds& grounds,
                                               const Catalogue& catalogue,
                                               const RecommendOptions& wanted) {
  const MachineProfile* machine = machine_with_gpus(invocation, grounds);
  if (machine == nullptr) return std::vector<GpuRecommendation>();
  const auto table = builtin_hardware();
  if (!table) return pass_on(table);
  return recommend_on_gpus(catalogue, gpu_places(*machine, grounds.available, *table),
                           grounds.policy, wanted);
}

std::string text_of(const Recommendation& recommendation,
                    const std::vector<GpuRecommendation>& gpus, std::size_t top,
                    std::size_t top_on_gpu) {
  std::string text = recommendation_text(recommendation, top);
  for (const GpuRecommendation& gpu : gpus) {
    text += fmt::format(
        "\nOn its {}, in an engine that uses it (estimated; models that its memory holds "
        "whole):\n{}",
        gpu.device, recommendation_text(gpu.recommendation, top_on_gpu));
  }
  return text;
}

std::string shown(const Invocation& invocation, Grounds grounds, Recommendation recommendation,
                  std::vector<GpuRecommendation> gpus, std::size_t top) {
  if (!invocation.json) {
    const bool was_asked = invocation.is_given("top");
    return text_of(recommendation, gpus, top, was_asked ? top : k_top_on_gpu);
  }
  Assessment assessment = new_assessment("recommend");
  assessment.gpu_recommendations = std::move(gpus);
  assessment.machine = std::move(grounds.machine);
  assessment.recommendation = std::move(recommendation);
  return find_render_format("json")->render(assessment, {});
}

Result<int> run(const Invocation& invocation) {
  const auto top = invocation.get<long long>("top");
  if (top < 1) return fail(ErrorCode::usage, fmt::format("--top: {} (expected 1 or more)", top));
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  const auto recipe = format_option(invocation);
  if (!recipe) return pass_on(recipe);
  auto grounds = find_grounds(invocation);
  if (!grounds) return pass_on(grounds);
  RecommendOptions wanted;
  wanted.use = grounds->use.name;
  wanted.context = grounds->session.context;
  wanted.context_was_asked = invocation.has("context");
  wanted.threads = grounds->session.threads;
  wanted.cache = grounds->session.cache;
  wanted.recipe = *recipe;
  wanted.on_gpu = grounds->device != "cpu";
  const auto scores = builtin_scores();
  if (!scores) return pass_on(scores);
  wanted.scores = &*scores;
  auto recommendation =
      recommend(*catalogue, grounds->calibration, grounds->available, grounds->policy, wanted);
  for (Candidate& candidate : recommendation.ranking) candidate.verdict.device = grounds->device;
  auto gpus = on_gpus(invocation, *grounds, *catalogue, wanted);
  if (!gpus) return pass_on(gpus);
  const int code = exit_code_of(recommendation, *gpus, grounds->calibration.has_value());
  if (auto done =
          deliver(invocation, shown(invocation, std::move(*grounds), std::move(recommendation),
                                    std::move(*gpus), static_cast<std::size_t>(top)));
      !done) {
    return pass_on(done);
  }
  return code;
}

}  // namespace

Command recommend_command() {
  return {.name = "recommend",
          .summary = "name the best models and formats for this machine",
          .usage = "assay recommend [--use USE] [--top N] [--context N] [options]",
          .examples =
              "  assay recommend\n"
              "  assay recommend --use code --context 16384\n"
              "  assay recommend --machine laptop/profile.json   for a machine that was recorded\n"
              "  assay recommend --machine \"RTX 4060\"   for a GPU\n"
              "  assay recommend --machine \"Ryzen 7 7840HS + RTX 4060\" --memory 32G   for both\n"
              "  assay recommend --memory 8G --bandwidth 40G   for a machine that is not here",
          .declare = declare,
          .run = run};
}

}  // namespace assay
