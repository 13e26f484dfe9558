#pragma once

#include <cstdint>

namespace assay {

/// A small, fast generator with a 64-bit state; any seed is a good one. Source: Steele, Lea and
/// Flood 2014 (SplitMix).
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  /// Uniform in [-1, 1).
  float next_uniform() {
    return static_cast<float>(static_cast<std::int32_t>(next() >> 32U)) * 0x1p-31F;
  }

 private:
  std::uint64_t state_;
};

/// A seed for one place of many, so that what stands there does not depend on who fills it when.
inline std::uint64_t mix_seed(std::uint64_t seed, std::uint64_t first, std::uint64_t second) {
  return SplitMix64(SplitMix64(seed ^ (first * 0xD1342543DE82EF95ULL)).next() ^ second).next();
}

}  // namespace assay
