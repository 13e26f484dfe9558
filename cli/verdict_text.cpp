#include "cli/verdict_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"

namespace assay {
namespace {

std::string number(double value) {
  const int digits = value < 0.095 ? 2 : value < 9.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, digits);
}

// The names of rows stand in a column of their own.
constexpr std::size_t k_name_columns = 12;
// What a terminal shows of the advice; the document has all of it.
constexpr std::size_t k_most_advice = 5;

std::string basis_text(const Estimate& estimate) {
  if (estimate.origin == Origin::measured) return "measured";
  return estimate.basis != Basis::profile ? "predicted" : "estimated";
}

std::string interval_text(const Estimate& estimate) {
  return fmt::format("{}-{}", number(estimate.low), number(estimate.high));
}

/// From where on the part that limits would be called better.
std::string better_from(const Verdict& verdict, const Policy& policy) {
  const bool ok = verdict.verdict == VerdictKind::ok;
  const bool no = verdict.verdict == VerdictKind::no;
  if (verdict.limit == Limit::memory) {
    if (no) {
      return fmt::format("tight up to {:.0f} % of what is available", 100 * policy.memory_tight);
    }
    return ok ? fmt::format("comfortable up to {:.0f} %", 100 * policy.memory_comfortable)
              : fmt::format("ok up to {:.0f} %", 100 * policy.memory_ok);
  }
  if (verdict.limit == Limit::decode_speed) {
    if (no) return fmt::format("tight from {} tokens/s", policy.decode_no);
    return ok ? fmt::format("comfortable from {} tokens/s", policy.decode_ok)
              : fmt::format("ok from {} tokens/s", policy.decode_tight);
  }
  if (verdict.limit == Limit::first_token) {
    return ok ? fmt::format("comfortable within {} s", policy.first_token_comfortable_seconds)
              : fmt::format("ok within {} s", policy.first_token_ok_seconds);
  }
  if (verdict.limit == Limit::answer_time) {
    return ok ? fmt::format("comfortable within {} s", policy.thinking_answer_comfortable_seconds)
              : fmt::format("ok within {} s", policy.thinking_answer_ok_seconds);
  }
  return "";
}

std::string verdict_row(const Verdict& verdict, const Policy& policy) {
  if (verdict.limit == Limit::none) return std::string(verdict_name(verdict.verdict));
  std::string limit(limit_name(verdict.limit));
  std::replace(limit.begin(), limit.end(), '_', ' ');
  const std::string better = better_from(verdict, policy);
  return fmt::format("{}, limited by {}{}", verdict_name(verdict.verdict), limit,
                     better.empty() ? "" : fmt::format(" ({})", better));
}

/// What is needed, and how much that is of what there is; the rest is the margin.
std::string memory_row(const Verdict& verdict, const Policy& policy) {
  const Fact<Bytes>& available = verdict.prediction.available;
  const Bytes needed = verdict.prediction.footprint.peak();
  if (!available.is_known() || available.value().value == 0) return human_bytes(needed);
  const double share =
      static_cast<double>(needed.value) / static_cast<double>(available.value().value);
  return fmt::format("{}, {:.0f} % of what is available (ok up to {:.0f} %)", human_bytes(needed),
                     100.0 * share, 100.0 * policy.memory_ok);
}

std::string parts_row(const Verdict& verdict) {
  const Footprint& size = verdict.prediction.footprint;
  return fmt::format("weights {}, cache {}, buffers {}, program {}", human_bytes(size.weights),
                     human_bytes(size.kv_cache), human_bytes(size.compute),
                     human_bytes(size.runtime));
}

std::string available_row(const Verdict& verdict) {
  const Fact<Bytes>& available = verdict.prediction.available;
  if (!available.is_known()) return fmt::format("unknown: {}", available.reason());
  return fmt::format("{} ({})", human_bytes(available.value()), available.source());
}

std::string context_row(const Verdict& verdict) {
  std::string text = fmt::format("{} tokens, cache in {}", verdict.context, verdict.cache_type);
  if (!verdict.contexts) return text;
  const ContextRoom& room = *verdict.contexts;
  if (room.tight == 0) return text + "; none fits";
  if (room.comfortable >= room.trained) {
    return text + fmt::format("; all {} that it was trained for fit", room.trained);
  }
  return text +
         (room.comfortable == 0
              ? fmt::format("; at most {} fit, none comfortably", room.tight)
              : fmt::format("; {} fit comfortably, {} at all", room.comfortable, room.tight));
}

/// Only what the weights are in; the cache's types are in the long table.
std::string formats_row(const Verdict& verdict) {
  std::string text;
  for (const FormatEffect& effect : verdict.formats) {
    if (effect.cache_type != verdict.cache_type) continue;
    const Estimate& decode = effect.decode_tokens_per_second;
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", effect.format,
                        verdict_name(effect.verdict),
                        decode.is_known() ? fmt::format(" {}/s", number(decode.expected)) : "");
  }
  return text;
}

std::string decode_row(const Verdict& verdict) {
  const Estimate& decode = verdict.prediction.decode_tokens_per_second;
  if (!decode.is_known()) return "unknown";
  return fmt::format("{} tokens/s ({}) after {} tokens, {}", number(decode.expected),
                     interval_text(decode), verdict.depth, basis_text(decode));
}

std::string first_token_row(const Verdict& verdict) {
  const Estimate& first = verdict.prediction.time_to_first_token_seconds;
  const std::string what =
      fmt::format("for a prompt of {} tokens ({})", verdict.prompt_tokens, verdict.use);
  if (!first.is_known()) return fmt::format("unknown, {}", what);
  return fmt::format("{} s ({}) {}, {}", number(first.expected), interval_text(first), what,
                     basis_text(first));
}

std::string answer_tokens(const Verdict& verdict, const AnswerTime& time) {
  return time.thinking ? fmt::format("{} tokens of thinking and {} of answer", time.thinking_tokens,
                                     verdict.answer_tokens)
                       : fmt::format("{} tokens", verdict.answer_tokens);
}

std::string answer_row(const Verdict& verdict) {
  const AnswerTime& time = verdict.answer.time;
  const std::string tokens = answer_tokens(verdict, time);
  if (!time.seconds.is_known()) return fmt::format("unknown, for {}", tokens);
  std::string text = fmt::format("{} s ({}) for {}", number(time.seconds.expected),
                                 interval_text(time.seconds), tokens);
  if (verdict.other_answer) {
    const AnswerTime& other = verdict.other_answer->time;
    text += fmt::format("; {} thinking {} s ({}), {}", other.thinking ? "with" : "without",
                        number(other.seconds.expected), interval_text(other.seconds),
                        verdict_name(verdict.other_answer->verdict));
  }
  return text;
}

std::string file_row(const Verdict& verdict, const Fact<double>& cold_load) {
  const std::string size = human_bytes(verdict.prediction.file_bytes);
  if (!cold_load.is_known()) return size;
  return fmt::format("{}, read in {} s when it is not in memory ({})", size,
                     number(cold_load.value()), cold_load.source());
}

std::string cost_row(const RunningCost& cost) {
  const Fact<double>& watts = cost.power.watts;
  if (!watts.is_known()) {
    return fmt::format("unknown: {} (give --power, read off a meter)", watts.reason());
  }
  const Estimate& energy = cost.kilowatt_hours_per_million_tokens;
  if (!energy.is_known()) return "unknown, as the decode rate is";
  std::string text =
      fmt::format("{:.2f} kWh for a million tokens at {:.0f} W ({}{})", energy.expected,
                  watts.value(), cost.power.estimated ? "estimated: " : "", watts.source());
  if (cost.cost_per_million_tokens.is_known()) {
    text += fmt::format(", {:.2f} ({:.2f} to {:.2f}) of electricity",
                        cost.cost_per_million_tokens.expected, cost.cost_per_million_tokens.low,
                        cost.cost_per_million_tokens.high);
  }
  if (cost.prices.api_per_million_tokens) {
    text += fmt::format("; the API takes {:.2f}", *cost.prices.api_per_million_tokens);
  }
  return text;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, unsigned width) {
  std::string lines;
  std::size_t column = indent;
  for (const std::string_view word : split(text, ' ')) {
    if (width > 0 && column > indent && column + 1 + word.size() > width) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

std::string verdict_text(const Verdict& verdict, const Policy& policy,
                         const Fact<double>& cold_load, unsigned width) {
  std::string text = wrapped(verdict.why, 0, width) + "\n\n";
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<{}}{}\n", name, k_name_columns,
                        wrapped(value, 2 + k_name_columns, width));
  };
  row("verdict", verdict_row(verdict, policy));
  if (verdict.device != "cpu") {
    row("device", verdict.device + ", in an engine that uses it: this one runs on processors");
  }
  row("memory", memory_row(verdict, policy));
  row("parts", parts_row(verdict));
  row("available", available_row(verdict));
  row("context", context_row(verdict));
  if (!verdict.formats.empty()) row("formats", formats_row(verdict));
  row("decode", decode_row(verdict));
  row("first token", first_token_row(verdict));
  row("answer", answer_row(verdict));
  row("file", file_row(verdict, cold_load));
  if (verdict.cost) row("cost", cost_row(*verdict.cost));
  if (!verdict.advice.empty()) text += "\n";
  for (std::size_t i = 0; i < std::min(k_most_advice, verdict.advice.size()); ++i) {
    text += "- " + wrapped(verdict.advice[i], 2, width) + "\n";
  }
  return text;
}

std::string formats_text(const Verdict& verdict) {
  std::string text = fmt::format("{:<8} {:<6} {:>9} {:>9} {:>9}  {:<12} {}\n", "format", "cache",
                                 "weights", "cache", "memory", "verdict", "decode tokens/s");
  for (const FormatEffect& effect : verdict.formats) {
    const Estimate& decode = effect.decode_tokens_per_second;
    text +=
        fmt::format("{:<8} {:<6} {:>9} {:>9} {:>9}  {:<12} {}\n", effect.format, effect.cache_type,
                    human_bytes(effect.weights), human_bytes(effect.kv_cache),
                    human_bytes(effect.needed), verdict_name(effect.verdict),
                    decode.is_known()
                        ? fmt::format("{:>4} ({})", number(decode.expected), interval_text(decode))
                        : "unknown");
  }
  return text;
}

/// "12 (10-14) p": m is measured, p predicted.
std::string marked(const Estimate& estimate) {
  if (!estimate.is_known()) return "unknown";
  return fmt::format("{} ({}) {}", number(estimate.expected), interval_text(estimate),
                     estimate.origin == Origin::measured ? 'm' : 'p');
}

std::string recommendation_text(const Recommendation& recommendation, std::size_t top) {
  std::string text = recommendation.reason + "\n";
  if (recommendation.ranking.empty()) return text;
  text += fmt::format("\n{:>4}  {:<26} {:<7} {:<11} {:>15} {:>16} {:>9} {:>11}\n", "", "model",
                      "format", "verdict", "tokens/s", "first token, s", "memory", "rating");
  for (std::size_t i = 0; i < std::min(top, recommendation.ranking.size()); ++i) {
    const Verdict& verdict = recommendation.ranking[i].verdict;
    const Estimate& first = verdict.prediction.time_to_first_token_seconds;
    text += fmt::format("{:>3}.  {:<26} {:<7} {:<11} {:>15} {:>16} {:>9} {:>11}\n", i + 1,
                        verdict.model, verdict.format, verdict_name(verdict.verdict),
                        marked(verdict.prediction.decode_tokens_per_second), marked(first),
                        human_bytes(verdict.prediction.footprint.peak()) + " p",
                        rating_figure(recommendation.ranking[i]));
  }
  text += "      m measured, p predicted (low-high)\n";
  text += "      rating: log-odds by so many published comparisons; ~ mostly by size and age\n";
  if (recommendation.ranking.size() > top) {
    text += fmt::format("      and {} more (--top {})\n", recommendation.ranking.size() - top,
                        recommendation.ranking.size());
  }
  return text;
}

}  // namespace assay
