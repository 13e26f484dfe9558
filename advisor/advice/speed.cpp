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
  if (times * bandwidth > k_fastest) return std::nullopt;
  const Verdict then = judged_with(question, around, times, around.available);
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  return change(ChangeKind::faster_memory,
                fmt::format("A machine that reads memory at {} instead of {} ({}).",
                            rate_of_reading(times * bandwidth), rate_of_reading(bandwidth),
                            result_words(then)),
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

/// What a graphics card must have for the model to be ok on it: room, and fast enough memory.
std::optional<Change> graphics_card(const Question& question, const Verdict& verdict,
                                    const Circumstances& around, std::optional<double> times) {
  const auto needed = static_cast<double>(verdict.prediction.footprint.peak().value);
  const auto size = card_size(Bytes(static_cast<std::uint64_t>(needed / around.policy.memory_ok)));
  if (!size || !times) return std::nullopt;
  const Verdict then =
      judged_with(question, around, *times, Fact<Bytes>::known(*size, "a graphics card"));
  if (!is_better(then.verdict, verdict.verdict)) return std::nullopt;
  const double bandwidth = *times * around.calibration->read_bandwidth_bytes_per_second;
  return change(ChangeKind::gpu,
                fmt::format("A graphics card with {} GB of its own that is read at {} or more "
                            "(estimated: {}).",
                            size->value >> 30U, rate_of_reading(bandwidth), result_words(then)),
                then);
}

}  // namespace

std::vector<Change> speed_changes(const Question& question, const Verdict& verdict,
                                  const Circumstances& around) {
  if (!around.calibration || !verdict.prediction.decode_tokens_per_second.is_known() ||
      (verdict.limit != Limit::decode_speed && verdict.limit != Limit::memory &&
       verdict.limit != Limit::answer_time)) {
    return {};
  }
  // The rate at which decode is ok, or the answer with its thinking is.
  double wanted = around.policy.decode_tight;
  if (verdict.limit == Limit::answer_time) {
    const double left = around.policy.thinking_answer_ok_seconds -
                        verdict.prediction.time_to_first_token_seconds.expected;
    const auto tokens =
        static_cast<double>(verdict.answer.time.thinking_tokens + verdict.answer_tokens);
    if (!(left > 0.0)) return {};
    wanted = std::max(wanted, tokens / left);
  }
  const auto times = times_needed(question, around, wanted);
  std::vector<Change> changes;
  const auto add = [&](std::optional<Change> made) {
    if (made) changes.push_back(std::move(*made));
  };
  if (verdict.limit != Limit::memory) {
    add(second_channel(question, verdict, around));
    if (times) add(faster_memory(question, verdict, around, *times));
  }
  add(graphics_card(question, verdict, around, times));
  return changes;
}

}  // namespace assay
