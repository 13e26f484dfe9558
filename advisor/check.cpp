#include "advisor/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/enum_table.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

constexpr EnumTable<CheckedFigure, 3> k_figure_names{{{
    {CheckedFigure::decode, "decode_tokens_per_second"},
    {CheckedFigure::first_token, "time_to_first_token_seconds"},
    {CheckedFigure::peak_memory, "peak_memory_bytes"},
}}};

// The promise of the memory plan (docs/method.md): what allocators round up and the C library
// keeps is within the larger of the two.
constexpr double k_memory_share = 0.03;
constexpr double k_memory_bytes = 32e6;

// Less is within the spread of one measurement of a limit.
constexpr double k_notable_change = 0.05;

Check new_check(CheckedFigure figure, const RunResult& run) {
  Check check;
  check.figure = figure;
  check.model = run.model.id;
  check.format = run.model.format;
  check.layers = run.model.layers;
  check.full_layers = run.model.full_layers;
  check.threads = run.engine.threads;
  if (run.validity != Validity::ok) {
    check.reasons.push_back(fmt::format("the run was {}", validity_name(run.validity)));
  }
  return check;
}

bool same_cell(const RunResult& one, const RunResult& other) {
  return one.model.id == other.model.id && one.model.format == other.model.format &&
         one.model.layers == other.model.layers && one.engine.threads == other.engine.threads &&
         one.prompt_tokens == other.prompt_tokens &&
         one.generated_tokens == other.generated_tokens &&
         one.context_depth == other.context_depth && one.cache_type == other.cache_type;
}

/// Whether a calibration is made from this very cell: only shapes of the suite calibrate.
bool is_calibrated_by(const std::vector<RunResult>& runs, const RunResult& run) {
  const auto suite = builtin_suite();
  if (!suite || suite->shape(run.model.id) == nullptr) return false;
  return std::ranges::any_of(runs,
                             [&run](const RunResult& known) { return same_cell(known, run); });
}

/// A calibration predicts runs of its own kernels, numerics and threads.
bool holds_for(const PriorKnowledge& prior, const RunResult& run) {
  if (prior.calibration.basis == Basis::profile) return true;  // holds for any, widely
  const auto alike = [&run](const RunResult& known) {
    return known.validity != Validity::invalid && known.engine.isa == run.engine.isa &&
           known.engine.numerics == run.engine.numerics;
  };
  return prior.calibration.threads == run.engine.threads && std::ranges::any_of(prior.runs, alike);
}

Question question_about(const RunResult& run, const ModelSpec& spec, const TensorPlan& plan) {
  Question question;
  question.model = run.model.id;
  question.spec = spec;
  question.plan = plan;
  question.format = run.model.format;
  question.session.cache = cache_format(run.cache_type).value_or(CacheFormat::f16);
  question.session.threads = run.engine.threads;
  question.session.context =
      std::max(run.context_depth + run.prompt_tokens + run.generated_tokens, 1U);
  question.depth = run.context_depth + run.prompt_tokens + run.generated_tokens / 2;
  question.prompt_tokens = run.prompt_tokens;
  return question;
}

std::optional<double> change_of(const std::map<unsigned, Statistic>& now,
                                const std::map<unsigned, Statistic>& before, unsigned threads) {
  const auto after = now.find(threads);
  const auto earlier = before.find(threads);
  if (after == now.end() || earlier == before.end() || !(earlier->second.median > 0.0)) {
    return std::nullopt;
  }
  return after->second.median / earlier->second.median;
}

/// How the limit that bounds the figure has changed since the calibration.
std::optional<double> conditions(CheckedFigure figure, const RunResult& run,
                                 const MicroResults& now, const MicroResults& before) {
  const unsigned threads = run.engine.threads;
  if (figure == CheckedFigure::decode) {
    return change_of(now.read_bandwidth_bytes_per_second, before.read_bandwidth_bytes_per_second,
                     threads);
  }
  if (run.prefill_peak == "int8_ops_per_second") {
    return change_of(now.int8_ops_per_second, before.int8_ops_per_second, threads);
  }
  if (run.prefill_peak == "bf16_flops_per_second") {
    return change_of(now.bf16_flops_per_second, before.bf16_flops_per_second, threads);
  }
  return change_of(now.fma_flops_per_second, before.fma_flops_per_second, threads);
}

/// The format that holds more of the plan than any other, when no run of the calibration had it.
std::optional<std::string> borrowed_format(const TensorPlan& plan, const Calibration& calibration) {
  std::map<WeightFormat, std::uint64_t> bytes;
  for (const PlannedTensor& tensor : plan.tensors) bytes[tensor.format] += tensor.bytes.value;
  const auto most =
      std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; });
  if (most == bytes.end() || calibration.dense.empty()) return std::nullopt;
  const std::string name(format_name(most->first));
  const auto rate = std::ranges::find(calibration.dense, name, &FormatRate::format);
  const bool measured = rate != calibration.dense.end() && !rate->borrowed;
  return measured ? std::nullopt : std::optional(name);
}

void explain(Check& check, const TensorPlan& plan, const PriorKnowledge& prior) {
  if (check.conditions_ratio && std::abs(*check.conditions_ratio - 1.0) > k_notable_change) {
    check.reasons.push_back(
        fmt::format("{} was {:.2f} of what it was when calibrated",
                    check.figure == CheckedFigure::decode ? "memory bandwidth" : "arithmetic",
                    *check.conditions_ratio));
  }
  if (prior.calibration.basis == Basis::profile) {
    check.reasons.emplace_back("predicted without a calibration of this machine");
  } else if (const auto format = borrowed_format(plan, prior.calibration)) {
    check.reasons.push_back(
        fmt::format("no run of the calibration had {}: its rate is borrowed", *format));
  }
}

Check rate_check(CheckedFigure figure, const RunResult& run, const TensorPlan& plan,
                 const PriorKnowledge& prior, const MicroResults& now) {
  Check check = new_check(figure, run);
  check.calibration = prior.calibration.origin;
  check.seen = is_calibrated_by(prior.runs, run);
  check.conditions_ratio = conditions(figure, run, now, prior.micro);
  explain(check, plan, prior);
  return check;
}

Check memory_check(const RunResult& run) {
  Check check = new_check(CheckedFigure::peak_memory, run);
  check.reasons.clear();  // how steady the clock was does not matter
  const auto expected = static_cast<double>(run.predicted_peak.value);
  const double margin = std::max(k_memory_share * expected, k_memory_bytes);
  check.predicted = {std::max(expected - margin, 0.0), expected, expected + margin,
                     Origin::predicted, Basis::this_machine};
  check.measured = static_cast<double>(run.measured_peak.value().value);
  return check;
}

}  // namespace

std::string_view checked_figure_name(CheckedFigure figure) { return k_figure_names.name(figure); }
std::optional<CheckedFigure> checked_figure_from_name(std::string_view name) {
  return k_figure_names.value(name);
}

double error_ratio(const Check& check) { return check.predicted.expected / check.measured - 1.0; }

double error_ratio_at_same_limits(const Check& check) {
  const double change = check.conditions_ratio.value_or(1.0);
  // A faster machine raises a rate and shortens a time.
  const double predicted = check.figure == CheckedFigure::decode
                               ? check.predicted.expected * change
                               : check.predicted.expected / change;
  return predicted / check.measured - 1.0;
}

bool is_within(const Check& check) {
  return check.predicted.low <= check.measured && check.measured <= check.predicted.high;
}

std::vector<Check> check_run(const RunResult& run, const ModelSpec& spec, const TensorPlan& plan,
                             const std::optional<PriorKnowledge>& prior, const MicroResults& now) {
  std::vector<Check> checks;
  if (run.validity == Validity::invalid) return checks;
  if (prior && holds_for(*prior, run)) {
    const Question question = question_about(run, spec, plan);
    const Prediction prediction = predict(question, prior->calibration, Fact<Bytes>());
    if (run.decode_tokens_per_second && prediction.decode_tokens_per_second.is_known()) {
      Check check = rate_check(CheckedFigure::decode, run, plan, *prior, now);
      check.depth = question.depth;
      check.predicted = prediction.decode_tokens_per_second;
      check.measured = run.decode_tokens_per_second->median;
      checks.push_back(std::move(check));
    }
    // The prediction is of a prompt that the context begins with.
    if (run.time_to_first_token_seconds && run.context_depth == 0 &&
        prediction.time_to_first_token_seconds.is_known()) {
      Check check = rate_check(CheckedFigure::first_token, run, plan, *prior, now);
      check.prompt_tokens = run.prompt_tokens;
      check.predicted = prediction.time_to_first_token_seconds;
      check.measured = run.time_to_first_token_seconds->median;
      checks.push_back(std::move(check));
    }
  }
  if (run.measured_peak.is_known()) checks.push_back(memory_check(run));
  return checks;
}

}  // namespace assay
