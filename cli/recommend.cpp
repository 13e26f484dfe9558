#include <fmt/format.h>

#include <string>
#include <utility>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/grounds.hpp"
#include "cli/new_assessment.hpp"
#include "cli/verdict_text.hpp"
#include "reports/renderer.hpp"

namespace assay {
namespace {

constexpr long long k_usual_top = 10;

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  declare_grounds_options(own);
  own.add_options()("top", options::value<long long>()->value_name("N")->default_value(k_usual_top),
                    "how many models are shown");
}

/// A recommendation is an answer where it names a model; without one it is a no where rates are
/// known, and no answer where they are not.
int exit_code_of(const Recommendation& recommendation, bool calibrated) {
  if (!recommendation.ranking.empty()) return k_exit_yes;
  return calibrated ? k_exit_no : k_exit_cannot_tell;
}

std::string shown(const Invocation& invocation, Grounds grounds, Recommendation recommendation,
                  std::size_t top) {
  if (!invocation.json) return recommendation_text(recommendation, top);
  Assessment assessment = new_assessment("recommend");
  assessment.machine = std::move(grounds.machine);
  assessment.recommendation = std::move(recommendation);
  return find_render_format("json")->render(assessment, {});
}

Result<int> run(const Invocation& invocation) {
  const auto top = invocation.get<long long>("top");
  if (top < 1) return fail(ErrorCode::usage, fmt::format("--top: {} (expected 1 or more)", top));
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  auto grounds = find_grounds(invocation);
  if (!grounds) return pass_on(grounds);
  RecommendOptions wanted;
  wanted.use = grounds->use.name;
  wanted.context = grounds->session.context;
  wanted.context_was_asked = invocation.has("context");
  wanted.threads = grounds->session.threads;
  wanted.on_gpu = grounds->device != "cpu";
  const auto scores = builtin_scores();
  if (!scores) return pass_on(scores);
  wanted.scores = &*scores;
  auto recommendation =
      recommend(*catalogue, grounds->calibration, grounds->available, grounds->policy, wanted);
  for (Candidate& candidate : recommendation.ranking) candidate.verdict.device = grounds->device;
  const int code = exit_code_of(recommendation, grounds->calibration.has_value());
  if (auto done =
          deliver(invocation, shown(invocation, std::move(*grounds), std::move(recommendation),
                                    static_cast<std::size_t>(top)));
      !done) {
    return pass_on(done);
  }
  return code;
}

}  // namespace

Command recommend_command() {
  return {.name = "recommend",
          .summary = "name the best models and formats for this machine",
          .usage = "assay recommend [--use USE] [--top N] [options of can-run]",
          .examples =
              "  assay recommend\n"
              "  assay recommend --use code --context 16384\n"
              "  assay recommend --machine laptop/profile.json   for a machine that was recorded\n"
              "  assay recommend --machine \"RTX 4060\"   for a GPU\n"
              "  assay recommend --memory 8G --bandwidth 40G   for a machine that is not here",
          .declare = declare,
          .run = run};
}

}  // namespace assay
