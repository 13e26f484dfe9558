#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "advisor/advice/circumstances.hpp"
#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

Calibration faster(Calibration calibration, double times) {
  calibration.read_bandwidth_bytes_per_second *= times;
  calibration.read_bandwidth_low *= times;
  calibration.read_bandwidth_high *= times;
  return calibration;
}

Verdict judged_with(const Question& question, const Circumstances& around, double times,
                    const Fact<Bytes>& available) {
  const std::optional<Calibration> other = faster(*around.calibration, times);
  return judged(question, {other, available, around.policy, around.catalogue, around.machine});
}

/// How many times as fast memory must be read for a rate of `wanted` tokens per second. A token
/// takes A / bandwidth + B seconds: two predictions give both. Nothing where B alone is too much.
std::optional<double> times_needed(const Question& question, const Circumstances& around,
                                   double wanted) {
  const auto seconds = [&](double times) {
    const std::optional<Calibration> other = faster(*around.calibration, times);
    return 1.0 / predict(question, other, around.available).decode_tokens_per_second.expected;
  };
  const double now = seconds(1.0);
  const double reading = 2.0 * (now - seconds(2.0));
  const double left = 1.0 / wanted - (now - reading);
  if (!(left > 0.0) || !(reading > 0.0)) return std::nullopt;
  // Up by a hundredth, so that rounding does not fall short of the threshold.
  constexpr double k_margin = 1.01;
  return std::max(1.0, k_margin * reading / left);
}

std::string rate_of_reading(double bytes_per_second) {
  return fmt::format("{:.0f} GB/s", std::ceil(bytes_per_second / 1e9));
}

std::optional<Change> second_channel(const Question& question, const Verdict& verdict,
                                     const Circumstances& around) {
  if (around.machine == nullptr || !around.machine->memory.channels.is_known() ||
      around.machine->memory.channels.value() != 1) {
    return std::nullopt;
  }
  const Verdict then = judged_with(question, around, 2.0, around.available);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  return change(ChangeKind::second_memory_channel,
                fmt::format("Put a second memory module on another channel: it is read twice as "
                            "fast then ({}).",
                            result_words(then)),
                then);
}

std::optional<Change> faster_memory(const Question& question, const Verdict& verdict,
                                    const Circumstances& around, double times) {
  // The fastest main memory of a personal computer: 16 channels of LPDDR5 at 6400 MT/s.
  constexpr double k_fastest = 819e9;
  const double bandwidth = around.calibration->read_bandwidth_bytes_per_second;
  if (times * bandwidth > k_fastest * k_reached_of_rated) return std::nullopt;
  const Verdict then = judged_with(question, around, times, around.available);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  // What is told of machines to buy is the rated one.
  const bool rated = around.calibration->is_share_of_rated;
  const double told = rated ? bandwidth / k_reached_of_rated : bandwidth;
  return change(
      ChangeKind::faster_memory,
      fmt::format("A machine {} {} instead of {} ({}).",
                  rated ? "with memory of a rated" : "that reads memory at",
                  rate_of_reading(times * told), rate_of_reading(told), result_words(then)),
      then);
}

/// Sizes in which graphics cards are sold.
std::optional<Bytes> card_size(Bytes needed) {
  constexpr std::array<std::uint64_t, 11> k_gibibytes{4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 96};
  for (const std::uint64_t size : k_gibibytes) {
    if (needed <= gibibytes(size)) return gibibytes(size);
  }
  return std::nullopt;
}

/// How fast a card that nobody named reads a prompt is not known.
Calibration without_prefill(Calibration calibration) {
  for (std::vector<FormatRate>* rates : {&calibration.dense, &calibration.moe}) {
    for (FormatRate& rate : *rates) {
      rate.prefill_flops_per_second = 0.0;
      rate.prefill_flops_per_second_low = 0.0;
      rate.prefill_flops_per_second_high = 0.0;
    }
  }
  return calibration;
}

/// What a graphics card must have for the model to be ok on it: room, and fast enough memory.
std::optional<Change> graphics_card(const Question& question, const Verdict& verdict,
                                    const Circumstances& around, double times) {
  const auto needed = static_cast<double>(verdict.prediction.footprint.peak().value);
  const auto size = card_size(Bytes(static_cast<std::uint64_t>(needed / around.policy.memory_ok)));
  if (!size) return std::nullopt;
  const std::optional<Calibration> card = without_prefill(faster(*around.calibration, times));
  const Verdict then = judged(question, {card, Fact<Bytes>::known(*size, "a graphics card"),
                                         around.policy, around.catalogue, around.machine});
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  const double bandwidth = times * around.calibration->read_bandwidth_bytes_per_second;
  return change(ChangeKind::gpu,
                fmt::format("A graphics card with {} GB of its own that is read at {} or more "
                            "(estimated: {}).",
                            size->value >> 30U, rate_of_reading(bandwidth), result_words(then)),
                then);
}

/// The machine's own GPU where it decodes well and faster than what was judged. Whether the model
/// fits was asked when it was placed there.
std::optional<Change> own_gpu(const Question& question, const Verdict& verdict,
                              const Circumstances& around) {
  const auto& gpu = around.subject.gpu;
  if (!gpu || verdict.limit == Limit::context) return std::nullopt;
  const Estimate& there = gpu->decode_tokens_per_second;
  const Estimate& here = verdict.prediction.decode_tokens_per_second;
  if (!there.is_known() || there.expected < around.policy.decode_tight ||
      (here.is_known() && there.expected <= here.expected)) {
    return std::nullopt;
  }
  Prediction placed;
  placed.available = Fact<Bytes>::known(gpu->needed, gpu->name);
  placed.decode_tokens_per_second = there;
  placed.time_to_first_token_seconds = gpu->time_to_first_token_seconds;
  const Verdict then = judge(question, placed, around.policy);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  Change made = change(ChangeKind::own_gpu,
                       fmt::format("Run it on its {}, in an engine that uses it (estimated: {}).",
                                   gpu->name, result_words(then)),
                       then);
  made.needed = gpu->needed;
  return made;
}

/// The rate at which decode is ok, and an answer with its thinking is; nothing where the first
/// token alone takes too long for that.
std::optional<double> wanted_rate(const Verdict& verdict, const Policy& policy) {
  const AnswerTime& time = verdict.answer.time;
  if (!time.thinking || !time.seconds.is_known()) return policy.decode_tight;
  const double left =
      policy.thinking_answer_ok_seconds - verdict.prediction.time_to_first_token_seconds.expected;
  if (!(left > 0.0)) return std::nullopt;
  const auto tokens = static_cast<double>(time.thinking_tokens + verdict.answer_tokens);
  return std::max(policy.decode_tight, tokens / left);
}

}  // namespace

std::vector<Change> speed_changes(const Question& question, const Verdict& verdict,
                                  const Circumstances& around) {
  // With a GPU that does, nothing must be bought.
  if (auto own = own_gpu(question, verdict, around)) return {std::move(*own)};
  if (!around.calibration || !verdict.prediction.decode_tokens_per_second.is_known()) return {};
  const bool is_slow = verdict.limit == Limit::decode_speed || verdict.limit == Limit::answer_time;
  if (!is_slow && verdict.limit != Limit::memory && verdict.limit != Limit::first_token) return {};
  std::vector<Change> changes;
  const auto add = [&](std::optional<Change> made) {
    if (made) changes.push_back(std::move(*made));
  };
  const bool reads_main_memory = is_slow && !around.subject.is_gpu;
  if (reads_main_memory) add(second_channel(question, verdict, around));
  const auto wanted = wanted_rate(verdict, around.policy);
  const auto times = wanted ? times_needed(question, around, *wanted) : std::nullopt;
  if (!times) return changes;
  if (reads_main_memory) add(faster_memory(question, verdict, around, *times));
  add(graphics_card(question, verdict, around, *times));
  return changes;
}

}  // namespace assay
