#include "advisor/measurement_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "advisor/verdict.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

// Enough for a median of inter-token times; at 5 tokens/s about 3 seconds.
constexpr std::uint32_t k_decoded = 16;
// A warm-up and two repetitions: one alone shows no spread.
constexpr double k_fewest_passes = 3.0;
// Made-up weights: two cores make about 0.4 GB a second, so that this much takes 20 seconds.
constexpr Bytes k_most_made{8'000'000'000};
// One layer alone may be of the rarer kind where kinds alternate.
constexpr std::uint32_t k_fewest_layers = 2;

// What people download, and the ends of the range that fits a small machine.
constexpr std::array k_checked_recipes{Recipe::q4_k_m, Recipe::q5_k_m, Recipe::q8_0};

/// Small dense models, larger dense ones, mixtures.
constexpr std::size_t k_kinds = 3;
std::size_t kind_of(const Question& question) {
  // Below this the fixed cost of layers and tokens is a good part of the time, above it is not.
  constexpr std::uint64_t k_small = 1'500'000'000;
  if (question.spec.moe.experts > 1) return 2;
  return question.plan.parameters() < k_small ? 0 : 1;
}

Result<Question> cut(const Question& question, std::uint32_t layers, Recipe recipe) {
  Question slice = question;
  slice.spec = sliced(question.spec, layers);
  auto plan = tensor_plan(slice.spec, recipe);
  if (!plan) return pass_on(plan);
  slice.plan = std::move(*plan);
  return slice;
}

std::vector<WorkloadSpec> workloads_of(const Question& question) {
  std::vector<WorkloadSpec> workloads;
  const auto prompt = static_cast<std::uint32_t>(question.prompt_tokens);
  if (prompt > 0) {
    workloads.push_back({workload_name(prompt, 1, 0), prompt, 1, 0});
  }
  // The mean depth of the decoded tokens is the question's.
  const auto depth = static_cast<std::uint32_t>(question.depth);
  const std::uint32_t start = depth - std::min(depth, k_decoded / 2);
  workloads.push_back({workload_name(0, k_decoded, start), 0, k_decoded, start});
  return workloads;
}

Bytes needed_for(const Question& question, const WorkloadSpec& workload) {
  MeasureOptions options;
  options.cache = question.session.cache;
  options.threads = question.session.threads;
  return footprint(question.spec, question.plan, session_shape(workload, options)).peak();
}

bool fits(const Question& question, const std::vector<WorkloadSpec>& workloads,
          const std::optional<Bytes>& usable) {
  return std::ranges::all_of(workloads, [&](const WorkloadSpec& workload) {
    return !usable || needed_for(question, workload) <= *usable;
  });
}

/// Of the longest repetition; 0 for what is not known.
double seconds_of_one(const Question& question, const Calibration& calibration) {
  const Prediction prediction = predict(question, calibration, Fact<Bytes>());
  const Estimate& decode = prediction.decode_tokens_per_second;
  const Estimate& first = prediction.time_to_first_token_seconds;
  return std::max(decode.is_known() ? k_decoded / decode.expected : 0.0,
                  first.is_known() ? first.expected : 0.0);
}

/// Why the model cannot be run whole; empty when it can.
std::string why_not(const Question& question, const std::vector<WorkloadSpec>& workloads,
                    const MeasurementBox& box, double seconds) {
  if (!fits(question, workloads, box.usable_memory)) return "the whole does not fit in memory";
  if (question.plan.total_bytes() > k_most_made) {
    return fmt::format("making {} of weights takes too long",
                       human_bytes(question.plan.total_bytes()));
  }
  const double of_each = box.seconds / static_cast<double>(workloads.size());
  if (k_fewest_passes * seconds <= of_each) return {};
  return fmt::format("three passes of the whole would take about {:.0f} s, the box is {:.0f} s",
                     k_fewest_passes * seconds * static_cast<double>(workloads.size()),
                     box.seconds);
}

tl::unexpected<Error> no_room(const Question& question, const std::vector<WorkloadSpec>& workloads,
                              const MeasurementBox& box) {
  Bytes needed;
  for (const WorkloadSpec& one : workloads) needed = std::max(needed, needed_for(question, one));
  return fail(
      ErrorCode::does_not_fit,
      fmt::format("measuring {} in {} needs {}, {} are available", question.model, question.format,
                  human_bytes(needed), human_bytes(box.usable_memory.value_or(Bytes(0)))),
      {}, "without --measure the answer needs no memory");
}

/// Low and high as shares of what is expected.
struct Spread {
  double low = 1.0;
  double high = 1.0;
};

Spread spread_of(const Statistic& measured) {
  const double low = measured.ci95 ? measured.ci95->low : measured.minimum;
  const double high = measured.ci95 ? measured.ci95->high : measured.maximum;
  return {low / measured.median, high / measured.median};
}

Estimate measured_estimate(const Statistic& measured) {
  const Spread spread = spread_of(measured);
  return {measured.median * spread.low, measured.median, measured.median * spread.high,
          Origin::measured, Basis::this_machine};
}

/// `whole` scaled by measured / `slice`; `share` of the whole's time was run.
Estimate scaled(const Estimate& whole, const Estimate& slice, const Statistic& measured,
                double share) {
  const double expected = whole.expected * measured.median / slice.expected;
  const Spread spread = spread_of(measured);
  const double unrun = 1.0 - std::min(share, 1.0);
  const double low = spread.low * (1.0 - unrun * (1.0 - whole.low / whole.expected));
  const double high = spread.high * (1.0 + unrun * (whole.high / whole.expected - 1.0));
  return {expected * low, expected, expected * high, Origin::predicted, Basis::this_machine};
}

/// The measured figure where the whole was run, else the scaled one; the prediction where neither
/// is there. `share` of the whole's time was run.
void take(Estimate& estimate, const Estimate& slice, const std::optional<Statistic>& measured,
          bool is_slice, double share) {
  if (!measured) return;
  if (!is_slice) {
    estimate = measured_estimate(*measured);
  } else if (estimate.is_known() && slice.is_known()) {
    estimate = scaled(estimate, slice, *measured, share);
  }
}

}  // namespace

Result<MeasurementPlan> plan_measurement(const Question& question, const Calibration& calibration,
                                         const MeasurementBox& box, bool can_be_cut) {
  MeasurementPlan plan;
  plan.cache = question.session.cache;
  plan.workloads = workloads_of(question);
  plan.seconds_of_one = seconds_of_one(question, calibration);
  const auto by_memory = [&question](const WorkloadSpec& workload) {
    return needed_for(question, workload);
  };
  std::ranges::sort(plan.workloads, {}, by_memory);
  const auto recipe = recipe_from_name(question.format);
  if (!can_be_cut || !recipe) {
    if (!fits(question, plan.workloads, box.usable_memory)) {
      return no_room(question, plan.workloads, box);
    }
    return plan;
  }
  plan.why_slice = why_not(question, plan.workloads, box, plan.seconds_of_one);
  if (plan.why_slice.empty()) return plan;
  const auto all = static_cast<std::uint32_t>(question.spec.layers.size());
  Question slice = question;
  for (plan.layers = all - std::min(all, 1U); plan.layers >= k_fewest_layers; --plan.layers) {
    auto made = cut(question, plan.layers, *recipe);
    if (!made) return pass_on(made);
    slice = std::move(*made);
    plan.seconds_of_one = seconds_of_one(slice, calibration);
    if (why_not(slice, plan.workloads, box, plan.seconds_of_one).empty()) return plan;
  }
  // A few layers that take longer than the box are run all the same.
  if (!fits(slice, plan.workloads, box.usable_memory)) return no_room(slice, plan.workloads, box);
  plan.layers = std::min(all, k_fewest_layers);
  return plan;
}

std::vector<CheckedModel> sample_to_check(const Catalogue& catalogue,
                                          const Calibration& calibration, const MeasurementBox& box,
                                          const Policy::Use& use, unsigned threads,
                                          std::uint64_t seed) {
  std::array<std::vector<CheckedModel>, k_kinds> candidates;
  for (const CatalogueEntry& entry : catalogue.entries) {
    if (!entry.engine_runs) continue;
    for (const Recipe recipe : k_checked_recipes) {
      SessionShape session;
      session.threads = threads;
      auto question = question_of(entry, recipe, session, use);
      if (!question) continue;
      auto plan = plan_measurement(*question, calibration, box, true);
      if (!plan || plan->layers > 0) continue;
      candidates[kind_of(*question)].push_back({std::move(*question), std::move(*plan)});
    }
  }
  std::mt19937_64 random(seed);
  std::vector<CheckedModel> sample;
  for (auto& of_kind : candidates) {
    if (of_kind.empty()) continue;
    sample.push_back(std::move(of_kind[random() % of_kind.size()]));
  }
  return sample;
}

Calibration as_measured(Calibration calibration, const Estimate& predicted,
                        const Estimate& measured) {
  if (!predicted.is_known() || !measured.is_known()) return calibration;
  const double times = measured.expected / predicted.expected;
  for (std::vector<FormatRate>* rates : {&calibration.dense, &calibration.moe}) {
    for (FormatRate& rate : *rates) {
      rate.decode_efficiency *= times;
      rate.decode_efficiency_low *= times;
      rate.decode_efficiency_high *= times;
    }
  }
  return calibration;
}

Prediction with_measured(const Question& question, const Calibration& calibration,
                         const Prediction& prediction, const MeasurementPlan& plan,
                         const std::vector<RunResult>& runs) {
  Prediction known = prediction;
  const bool is_slice = plan.layers > 0;
  const auto recipe = recipe_from_name(question.format);
  Prediction slice;
  Prediction whole;
  if (is_slice && recipe) {
    const auto made = cut(question, plan.layers, *recipe);
    if (!made) return known;
    slice = predict(*made, calibration, Fact<Bytes>());
    whole = predict(question, calibration, Fact<Bytes>());
    // What scales is predicted by the same calibration, also where there was none before.
    known.decode_tokens_per_second = whole.decode_tokens_per_second;
    known.time_to_first_token_seconds = whole.time_to_first_token_seconds;
    known.prefill_tokens_per_second = whole.prefill_tokens_per_second;
  }
  const auto share = [](double part, double all) { return all > 0.0 ? part / all : 0.0; };
  for (const RunResult& run : runs) {
    if (run.validity == Validity::invalid) continue;
    take(known.decode_tokens_per_second, slice.decode_tokens_per_second,
         run.decode_tokens_per_second, is_slice,
         share(whole.decode_tokens_per_second.expected, slice.decode_tokens_per_second.expected));
    const double first_share = share(slice.time_to_first_token_seconds.expected,
                                     whole.time_to_first_token_seconds.expected);
    take(known.time_to_first_token_seconds, slice.time_to_first_token_seconds,
         run.time_to_first_token_seconds, is_slice, first_share);
    take(known.prefill_tokens_per_second, slice.prefill_tokens_per_second,
         run.prefill_tokens_per_second, is_slice, first_share);
  }
  return known;
}

}  // namespace assay
