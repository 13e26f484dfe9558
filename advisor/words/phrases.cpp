#include "advisor/words/phrases.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

std::string origin_words(const Estimate& estimate) {
  if (estimate.origin == Origin::measured) return "measured on this machine";
  if (estimate.basis == Basis::given_result) {
    return "predicted from the measurements of another machine's result";
  }
  return estimate.basis == Basis::this_machine ? "predicted from this machine's measurements"
                                               : "estimated from the memory bandwidth alone";
}

}  // namespace

std::string rate_words(double tokens_per_second) {
  return fmt::format("{:.{}f}", tokens_per_second, tokens_per_second < 9.95 ? 1 : 0);
}

std::string bandwidth_words(double bytes_per_second) {
  constexpr double k_giga = 1e9;
  constexpr double k_whole = 100.0;  // from here on a tenth is of no interest
  const double value = bytes_per_second / k_giga;
  return fmt::format("{:.{}f} GB/s", value, value < k_whole ? 1 : 0);
}

std::string seconds_words(double seconds) {
  return fmt::format("{:.{}f} s", seconds, seconds < 9.95 ? 1 : 0);
}

std::string decode_words(const Estimate& decode) {
  return fmt::format("about {} tokens/s ({}-{}, {})", rate_words(decode.expected),
                     rate_words(decode.low), rate_words(decode.high), origin_words(decode));
}

std::string parameter_words(std::uint64_t parameters) {
  const auto count = static_cast<double>(parameters);
  if (count >= 999.5e6) return fmt::format("{:.1f} billion", count / 1e9);
  return fmt::format("{:.0f} million", count / 1e6);
}

}  // namespace assay
