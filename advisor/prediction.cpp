#include "advisor/prediction.hpp"

#include <cmath>

#include "advisor/cost/format_prior.hpp"
#include "advisor/cost/reread.hpp"
#include "advisor/cost/work.hpp"
#include "advisor/file_size.hpp"
#include "advisor/gpu_memory.hpp"

namespace assay {
namespace {

/// Which end of every interval a time is computed at.
enum class Pace { slow, expected, fast };

double at(Pace pace, double low, double expected, double high) {
  if (pace == Pace::slow) return low;
  return pace == Pace::fast ? high : expected;
}

double bandwidth_at(const Calibration& calibration, Pace pace) {
  return at(pace, calibration.read_bandwidth_low, calibration.read_bandwidth_bytes_per_second,
            calibration.read_bandwidth_high);
}

double read_seconds(const std::map<WeightFormat, double>& bytes,
                    const std::vector<FormatRate>& rates, double bandwidth, Pace pace) {
  double seconds = 0.0;
  for (const auto& [format, amount] : bytes) {
    const FormatRate rate = rate_of(rates, format);
    seconds += amount / (bandwidth * at(pace, rate.decode_efficiency_low, rate.decode_efficiency,
                                        rate.decode_efficiency_high));
  }
  return seconds;
}

/// A time that may be longer or shorter by this share.
double within(Pace pace, double seconds, double interval) {
  return at(pace, seconds * (1.0 + interval), seconds, seconds / (1.0 + interval));
}

double decode_seconds(const Question& question, const Calibration& calibration, Pace pace) {
  const Work work = from_memory(decode_work(question.spec, question.plan, question.session.cache,
                                            static_cast<double>(question.depth)),
                                calibration.reread);
  const double bandwidth = bandwidth_at(calibration, pace);
  return read_seconds(work.dense, calibration.dense, bandwidth, pace) +
         read_seconds(work.experts, expert_rates(calibration), bandwidth, pace) +
         work.layers * calibration.seconds_per_layer +
         work.moe_layers * calibration.seconds_per_moe_layer +
         work.tokens * calibration.seconds_per_token +
         within(pace, work.cache_bytes / (calibration.cache_efficiency * bandwidth),
                calibration.cache_interval) +
         within(pace, work.scores * calibration.seconds_per_score, calibration.score_interval);
}

/// Nothing where a rate is not known.
std::optional<double> multiply_seconds(const std::map<WeightFormat, double>& flops,
                                       const std::vector<FormatRate>& rates, Pace pace) {
  double seconds = 0.0;
  for (const auto& [format, amount] : flops) {
    const FormatRate rate = rate_of(rates, format);
    const double flops_per_second =
        at(pace, rate.prefill_flops_per_second_low, rate.prefill_flops_per_second,
           rate.prefill_flops_per_second_high);
    if (!(flops_per_second > 0.0)) return std::nullopt;
    seconds += amount / flops_per_second;
  }
  return seconds;
}

/// The whole prompt and the head of its last token.
std::optional<double> prefill_seconds(const Question& question, const Calibration& calibration,
                                      Pace pace) {
  const Work work = prefill_work(question.spec, question.plan,
                                 {.tokens = static_cast<double>(question.prompt_tokens),
                                  .chunk = static_cast<double>(question.session.chunk)});
  const auto dense = multiply_seconds(work.dense, calibration.dense, pace);
  const auto experts = multiply_seconds(work.experts, expert_rates(calibration), pace);
  if (!dense || !experts || !(calibration.attention_flops_per_second > 0.0)) return std::nullopt;
  const Work head = head_work(question.spec, question.plan);
  const double bandwidth = bandwidth_at(calibration, pace);
  const auto reads = [&](bool plain) {
    return read_seconds(of_kind(work.dense_reads, plain), calibration.dense, bandwidth, pace) +
           read_seconds(of_kind(work.expert_reads, plain), expert_rates(calibration), bandwidth,
                        pace);
  };
  const double attention = work.attention_flops / calibration.attention_flops_per_second;
  return *dense + *experts + within(pace, attention, calibration.attention_interval) +
         calibration.pass_read_factor * reads(false) +
         calibration.plain_pass_read_factor * reads(true) +
         work.elements * calibration.seconds_per_element +
         read_seconds(head.dense, calibration.dense, bandwidth, pace) +
         calibration.seconds_per_token;
}

Estimate estimate(double low, double expected, double high, Basis basis) {
  return {low, expected, high, Origin::predicted, basis};
}

void predict_rates(const Question& question, const Calibration& calibration,
                   Prediction& prediction) {
  prediction.decode_tokens_per_second = predict_decode(question, calibration);
  if (question.prompt_tokens == 0) return;
  const auto slow = prefill_seconds(question, calibration, Pace::slow);
  const auto expected = prefill_seconds(question, calibration, Pace::expected);
  const auto fast = prefill_seconds(question, calibration, Pace::fast);
  if (!slow || !expected || !fast) return;
  const auto tokens = static_cast<double>(question.prompt_tokens);
  prediction.prefill_tokens_per_second =
      estimate(tokens / *slow, tokens / *expected, tokens / *fast, calibration.basis);
  prediction.time_to_first_token_seconds = estimate(*fast, *expected, *slow, calibration.basis);
}

}  // namespace

Footprint footprint_of(const Question& question) {
  return question.on_gpu ? gpu_footprint(question.spec, question.plan, question.session)
                         : footprint(question.spec, question.plan, question.session);
}

Prediction predict(const Question& question, const std::optional<Calibration>& calibration,
                   const Fact<Bytes>& available_memory) {
  Prediction prediction;
  prediction.footprint = footprint_of(question);
  prediction.available = available_memory;
  prediction.file_bytes = file_bytes(question.spec, question.plan);
  if (calibration && !calibration->dense.empty()) {
    predict_rates(question, *calibration, prediction);
  }
  return prediction;
}

Estimate predict_decode(const Question& question, const Calibration& calibration) {
  return estimate(1.0 / decode_seconds(question, calibration, Pace::slow),
                  1.0 / decode_seconds(question, calibration, Pace::expected),
                  1.0 / decode_seconds(question, calibration, Pace::fast), calibration.basis);
}

}  // namespace assay
