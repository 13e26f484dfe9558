#include "reference-engine/sampler.hpp"

#include <cmath>

namespace assay {
namespace {

/// exp(x) for x <= 0 from additions, multiplications and exact scaling only: library functions
/// differ in the last bit between systems, and one bit can change a sampled token. NaN gives 0.
double portable_exp(double x) {
  constexpr double k_smallest = -700.0;  // below it the result counts as 0
  constexpr double k_log2_of_e = 1.4426950408889634074;
  constexpr double k_ln2 = 0.69314718055994530942;
  if (!(x > k_smallest)) return 0.0;
  const double halvings = std::floor(x * k_log2_of_e + 0.5);
  const double rest = x - halvings * k_ln2;  // |rest| <= ln 2 / 2
  // Taylor series by Horner's rule: the first term left out, 0.35^14 / 14!, is below 2^-57.
  double sum = 1.0;
  for (int term = 13; term > 0; --term) sum = 1.0 + rest / term * sum;
  return std::ldexp(sum, static_cast<int>(halvings));
}

TokenId largest(std::span<const float> logits) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best] || std::isnan(logits[best])) best = i;
  }
  return static_cast<TokenId>(best);
}

}  // namespace

Sampler::Sampler(SamplingOptions options) : options_(options), random_(options.seed) {}

TokenId Sampler::next(std::span<const float> logits) {
  const TokenId likeliest = largest(logits);
  if (!(options_.temperature > 0.0F)) return likeliest;
  const auto top = static_cast<double>(logits[likeliest]);
  const auto temperature = static_cast<double>(options_.temperature);
  const auto weight = [&](float logit) {
    return portable_exp((static_cast<double>(logit) - top) / temperature);
  };
  double total = 0.0;
  for (const float logit : logits) total += weight(logit);
  // 53 random bits in [0, 1): std::uniform_real_distribution differs between libraries.
  const double target = static_cast<double>(random_() >> 11U) * 0x1.0p-53 * total;
  double passed = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    passed += weight(logits[i]);
    if (passed > target) return static_cast<TokenId>(i);
  }
  return likeliest;  // no logit is a number
}

}  // namespace assay
