#include "cli/gpu_text.hpp"

#include <fmt/format.h>

#include "advisor/words/phrases.hpp"
#include "cli/verdict_text.hpp"

namespace assay {
namespace {

/// "0.06 s", "2.1 s".
std::string short_seconds(double seconds) {
  constexpr double k_tenths = 0.995;  // from here on hundredths are of no interest
  return seconds < k_tenths ? fmt::format("{:.2f} s", seconds) : seconds_words(seconds);
}

/// The sentence, the interval, and the first token where it is known.
std::string figures_of(const GpuAnswer& answer) {
  std::string text = answer.why;
  if (answer.offload && answer.offload->decode_tokens_per_second.is_known()) {
    const Estimate& decode = answer.offload->decode_tokens_per_second;
    text += fmt::format(" ({}-{})", rate_words(decode.low), rate_words(decode.high));
  }
  const Estimate& first = answer.time_to_first_token_seconds;
  if (first.is_known()) {
    text += fmt::format(", first token {} ({} to {})", short_seconds(first.expected),
                        short_seconds(first.low), short_seconds(first.high));
  }
  if (answer.offload) text += fmt::format("; in llama.cpp: {}", answer.offload->option);
  return text;
}

}  // namespace

std::string gpu_text(const std::vector<GpuAnswer>& answers, unsigned width) {
  if (answers.empty()) return {};
  std::string text = "\nOn the GPU, in an engine that uses it (estimated):\n";
  for (const GpuAnswer& answer : answers) {
    const std::string several =
        answer.count > 1 ? fmt::format(" (one of {})", answer.count) : std::string();
    text += "- " +
            wrapped(fmt::format("{}{}: {}.", answer.name, several, figures_of(answer)), 2, width) +
            "\n";
  }
  return text;
}

}  // namespace assay
