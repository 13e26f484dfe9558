#include "cli/gpu_text.hpp"

#include <fmt/format.h>

#include "cli/verdict_text.hpp"

namespace assay {
namespace {

/// Two digits, never with an exponent: "0.06", "2.1", "140".
std::string number(double value) {
  return fmt::format("{:.{}f}", value, value < 0.995 ? 2 : value < 9.95 ? 1 : 0);
}

/// The sentence, the interval, and the first token where it is known.
std::string figures_of(const GpuAnswer& answer) {
  std::string text = answer.why;
  if (answer.offload && answer.offload->decode_tokens_per_second.is_known()) {
    const Estimate& decode = answer.offload->decode_tokens_per_second;
    text += fmt::format(" ({}-{})", number(decode.low), number(decode.high));
  }
  const Estimate& first = answer.time_to_first_token_seconds;
  if (first.is_known()) {
    text += fmt::format(", first token {} s ({}-{})", number(first.expected), number(first.low),
                        number(first.high));
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
