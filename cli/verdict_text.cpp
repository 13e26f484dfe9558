#include "cli/verdict_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace assay {
namespace {

std::string number(double value) { return fmt::format("{:.{}f}", value, value < 9.95 ? 1 : 0); }

std::string estimate_text(const Estimate& estimate, const std::string& unit) {
  if (!estimate.is_known()) return "unknown";
  return fmt::format("{}{} ({} to {}), {} from {}", number(estimate.expected), unit,
                     number(estimate.low), number(estimate.high), origin_name(estimate.origin),
                     estimate.basis == Basis::this_machine ? "measurements of this machine"
                                                           : "the memory bandwidth alone");
}

std::string memory_text(const Verdict& verdict) {
  const Footprint& size = verdict.prediction.footprint;
  return fmt::format("{}: weights {}, cache {} (context {}), compute {}, program {}",
                     human_bytes(size.peak()), human_bytes(size.weights),
                     human_bytes(size.kv_cache), verdict.context, human_bytes(size.compute),
                     human_bytes(size.runtime));
}

std::string available_text(const Fact<Bytes>& available) {
  if (!available.is_known()) return fmt::format("unknown: {}", available.reason());
  return fmt::format("{} ({})", human_bytes(available.value()), available.source());
}

std::string verdict_line(const Verdict& verdict) {
  if (verdict.limit == Limit::none) return std::string(verdict_name(verdict.verdict));
  std::string limit(limit_name(verdict.limit));
  std::replace(limit.begin(), limit.end(), '_', ' ');
  return fmt::format("{}, limited by {}", verdict_name(verdict.verdict), limit);
}

void add_row(std::string& text, const char* name, const std::string& value) {
  text += fmt::format("  {:<13} {}\n", name, value);
}

}  // namespace

std::string verdict_text(const Verdict& verdict, const Fact<double>& cold_load) {
  const Prediction& prediction = verdict.prediction;
  std::string text = verdict.why + "\n\n";
  add_row(text, "verdict", verdict_line(verdict));
  add_row(text, "memory", memory_text(verdict));
  add_row(text, "available", available_text(prediction.available));
  add_row(text, "file", human_bytes(prediction.file_bytes));
  if (cold_load.is_known()) {
    add_row(text, "cold load",
            fmt::format("{} s ({})", number(cold_load.value()), cold_load.source()));
  }
  add_row(
      text, "decode",
      fmt::format("{}, at depth {}",
                  estimate_text(prediction.decode_tokens_per_second, " tokens/s"), verdict.depth));
  add_row(text, "prefill", estimate_text(prediction.prefill_tokens_per_second, " tokens/s"));
  add_row(text, "first token",
          fmt::format("{}, for a prompt of {} ({})",
                      estimate_text(prediction.time_to_first_token_seconds, " s"),
                      verdict.prompt_tokens, verdict.use));
  if (!verdict.advice.empty()) text += "\n";
  for (const std::string& line : verdict.advice) text += fmt::format("- {}\n", line);
  return text;
}

std::string recommendation_text(const Recommendation& recommendation, std::size_t top) {
  std::string text = recommendation.reason + "\n";
  if (recommendation.ranking.empty()) return text;
  text += fmt::format("\n{:>4}  {:<30} {:<7} {:<12} {:>15} {:>12} {:>9}\n", "", "model", "format",
                      "verdict", "decode tokens/s", "first token", "memory");
  for (std::size_t i = 0; i < std::min(top, recommendation.ranking.size()); ++i) {
    const Verdict& verdict = recommendation.ranking[i].verdict;
    const Estimate& first = verdict.prediction.time_to_first_token_seconds;
    text += fmt::format("{:>3}.  {:<30} {:<7} {:<12} {:>15} {:>12} {:>9}\n", i + 1, verdict.model,
                        verdict.format, verdict_name(verdict.verdict),
                        number(verdict.prediction.decode_tokens_per_second.expected),
                        first.is_known() ? number(first.expected) + " s" : "unknown",
                        human_bytes(verdict.prediction.footprint.peak()));
  }
  if (recommendation.ranking.size() > top) {
    text += fmt::format("      and {} more (--top {})\n", recommendation.ranking.size() - top,
                        recommendation.ranking.size());
  }
  return text;
}

}  // namespace assay
