#include <fmt/format.h>

#include <string>
#include <utility>

#include "advisor/gpu_answer.hpp"
#include "advisor/load_time.hpp"
#include "base/text.hpp"
#include "cli/asked_model.hpp"
#include "cli/can_run_measure.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/cost_question.hpp"
#include "cli/engine_factors.hpp"
#include "cli/gpu_text.hpp"
#include "cli/grounds.hpp"
#include "cli/new_assessment.hpp"
#include "cli/state.hpp"
#include "cli/verdict_text.hpp"
#include "reports/renderer.hpp"

namespace assay {
namespace {

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  add("model", options::value<std::string>()->value_name("MODEL"),
      "a name of the catalogue (assay models), a GGUF file, or a model's config.json");
  add("format", options::value<std::string>()->value_name("F"),
      "format of the weights (default Q4_K_M; a GGUF file has its own)");
  declare_grounds_options(own);
  add("formats", "show what each format and each type of cache would make of it");
  declare_cost_options(own);
  declare_measure_options(own);
  places.add("model", 1);
}

/// What the catalogue says of a model's thinking; files do not tell.
std::string thinking_of(const std::string& model, const Catalogue& catalogue) {
  const CatalogueEntry* entry = catalogue.find(model);
  return entry == nullptr ? "unknown" : entry->thinking;
}

Question question_of(AskedModel asked, const Grounds& grounds, const Catalogue& catalogue,
                     bool context_was_given) {
  Question question;
  ask_for(question, grounds.use, thinking_of(asked.name, catalogue));
  question.model = std::move(asked.name);
  question.spec = std::move(asked.spec);
  question.plan = std::move(asked.plan);
  question.format = std::move(asked.format);
  question.session = grounds.session;
  question.on_gpu = grounds.device != "cpu";
  // A context that was asked for stays, and may be a reason for a no.
  if (!context_was_given) {
    question.session.context = std::min(question.session.context, question.spec.trained_context);
  }
  question.engine_runs = asked.engine_runs;
  return question;
}

int exit_code_of(VerdictKind verdict) {
  if (is_yes(verdict)) return k_exit_yes;
  return verdict == VerdictKind::no ? k_exit_no : k_exit_cannot_tell;
}

/// From the storage of this machine, where it was measured; a machine that is described has its
/// own.
Fact<double> cold_load_seconds(const Invocation& invocation, const Grounds& grounds,
                               const Verdict& verdict) {
  for (const char* elsewhere : {"machine", "memory", "bandwidth", "calibration"}) {
    if (invocation.has(elsewhere)) return Fact<double>::unknown("of another machine");
  }
  const auto limits = latest_limits(invocation.state);
  if (!limits || !*limits || !(*limits)->machine || !(*limits)->micro.storage ||
      (*limits)->machine->id != grounds.machine.id) {
    return Fact<double>::unknown("`assay probe --measure` has not measured its storage");
  }
  return predict_cold_load_seconds(verdict.prediction.file_bytes, *(*limits)->micro.storage);
}

std::string text_of(const Invocation& invocation, const Grounds& grounds, const Verdict& verdict) {
  if (invocation.quiet) return verdict.why + "\n";
  std::string text =
      verdict_text(verdict, grounds.policy, cold_load_seconds(invocation, grounds, verdict),
                   terminal_width(invocation));
  if (invocation.has("formats")) text += "\n" + formats_text(verdict);
  return text;
}

/// What the machine's own GPUs would do.
Result<std::vector<GpuAnswer>> on_gpus(const Invocation& invocation, const Question& question,
                                       const Grounds& grounds) {
  const MachineProfile* machine = machine_with_gpus(invocation, grounds);
  if (machine == nullptr) return std::vector<GpuAnswer>();
  const auto hardware = builtin_hardware();
  if (!hardware) return pass_on(hardware);
  return gpu_answers(question, *machine, grounds.calibration, grounds.available, grounds.policy,
                     *hardware);
}

std::string shown(const Invocation& invocation, Grounds grounds, CanRunAnswer answer) {
  Verdict& verdict = answer.verdict;
  std::vector<GpuAnswer>& gpus = answer.gpus;
  const auto engines = other_engines(invocation, grounds.machine.id, verdict.format,
                                     verdict.prediction.decode_tokens_per_second);
  if (!invocation.json) {
    const std::string text = text_of(invocation, grounds, verdict);
    if (invocation.quiet) return text;
    return text + gpu_text(gpus, terminal_width(invocation)) + other_engines_text(engines);
  }
  Assessment assessment = new_assessment("can-run");
  assessment.machine = std::move(grounds.machine);
  assessment.verdicts.push_back(std::move(verdict));
  assessment.other_engines = engines;
  assessment.gpus = std::move(gpus);
  return find_render_format("json")->render(assessment, {});
}

/// What the advice is about, with the fastest of the machine's own GPUs.
Subject subject_of(const Invocation& invocation, const Grounds& grounds,
                   const std::vector<GpuAnswer>& gpus) {
  Subject subject{.is_gpu = grounds.device != "cpu",
                  .is_here = !invocation.has("machine") && !invocation.has("bandwidth"),
                  .gpu = std::nullopt};
  for (const GpuAnswer& gpu : gpus) {
    if (!gpu.offload || !gpu.offload->decode_tokens_per_second.is_known()) continue;
    const Estimate& decode = gpu.offload->decode_tokens_per_second;
    if (subject.gpu && subject.gpu->decode_tokens_per_second.expected >= decode.expected) continue;
    subject.gpu = {gpu.name, gpu.offload->gpu_bytes, decode, gpu.time_to_first_token_seconds};
  }
  return subject;
}

/// The verdict with all that is shown beside it.
Result<CanRunAnswer> full_answer(const Invocation& invocation, const Question& question,
                                 const Grounds& grounds, const Catalogue& catalogue,
                                 const CostQuestion& cost) {
  auto gpus = on_gpus(invocation, question, grounds);
  if (!gpus) return pass_on(gpus);
  const Subject subject = subject_of(invocation, grounds, *gpus);
  Verdict verdict = answer(question, grounds.calibration, grounds.available, grounds.policy,
                           &catalogue, judged_machine(invocation, grounds), subject);
  verdict.device = grounds.device;
  verdict.formats =
      format_effects(question, grounds.calibration, grounds.available, grounds.policy);
  const auto drawn = grounds.calibration ? grounds.calibration->decode_watts : Fact<double>();
  put_cost(cost, invocation, grounds, drawn, verdict);
  return CanRunAnswer{std::move(verdict), std::move(*gpus), subject};
}

Result<int> run(const Invocation& invocation) {
  if (!invocation.has("model")) {
    return fail(ErrorCode::usage, "no model was named", {}, "see `assay can-run --help`");
  }
  const auto recipe = format_option(invocation);
  if (!recipe) return pass_on(recipe);
  const auto cost = cost_question(invocation);
  if (!cost) return pass_on(cost);
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  auto asked = find_asked_model(invocation.get<std::string>("model"), *recipe, *catalogue);
  if (!asked) return pass_on(asked);
  auto grounds = find_grounds(invocation);
  if (!grounds) return pass_on(grounds);
  const auto file_bytes = asked->file_bytes;
  Question question =
      question_of(std::move(*asked), *grounds, *catalogue, invocation.has("context"));
  auto answer = full_answer(invocation, question, *grounds, *catalogue, *cost);
  if (!answer) return pass_on(answer);
  Verdict& verdict = answer->verdict;
  if (invocation.has("measure")) {
    return answer_by_measuring(invocation, question, *grounds, *catalogue, std::move(*answer),
                               *cost, file_bytes);
  }
  if (file_bytes) verdict.prediction.file_bytes = *file_bytes;
  const int code = exit_code_of(verdict.verdict);
  if (auto done = deliver(invocation, shown(invocation, std::move(*grounds), std::move(*answer)));
      !done) {
    return pass_on(done);
  }
  return code;
}

}  // namespace

Command can_run_command() {
  return {
      .name = "can-run",
      .summary = "say whether this machine can run a model, and how well",
      .usage = "assay can-run MODEL [--format F] [--context N] [options]",
      .examples =
          "  assay can-run qwen3-4b\n"
          "  assay can-run llama-3.1-8b --format F16 --memory 16G\n"
          "  assay can-run model.gguf --context 16384\n"
          "  assay can-run qwen3-4b --machine laptop/profile.json   a machine that was recorded\n"
          "  assay can-run qwen3-8b --machine \"Ryzen 7 7840HS\" --memory 32G   or one to buy\n"
          "  assay can-run qwen3-8b --machine \"RTX 4060\"   or a GPU\n"
          "  assay can-run qwen3-14b --machine \"Ryzen 7 7840HS + RTX 4060\" --memory 32G   or "
          "both\n"
          "  assay can-run qwen3-4b --measure     run it for a few seconds, and check the answer\n"
          "  assay can-run qwen3-8b --memory 16G --bandwidth 60G   a machine that is not here\n"
          "  assay can-run qwen3-4b --use reasoning --formats   with thinking, in every format\n"
          "  assay can-run qwen3-4b --electricity-price 0.30 --power 35   what a million tokens "
          "cost\n"
          "What the machine's own GPUs would do is told beside the verdict, which is the "
          "processor's.\n"
          "Exit codes: 0 yes (comfortable, ok or tight), 1 no, 2 no such model, 3 a file was "
          "refused, 4 would not fit and 5 measured but not valid (--measure), 6 cannot tell.",
      .declare = declare,
      .run = run};
}

}  // namespace assay
