#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "reference-engine/session.hpp"

namespace assay {

struct SamplingOptions {
  float temperature = 0.0F;  // 0: greedy
  std::uint64_t seed = 1;
};

/// Chooses tokens from logits. The same options and logits give the same tokens on every machine.
class Sampler {
 public:
  explicit Sampler(SamplingOptions options);
  /// Greedy: the largest logit, the lowest id of equals. Else by softmax(logits / temperature).
  /// Requires a non-empty span.
  TokenId next(std::span<const float> logits);

 private:
  SamplingOptions options_;
  std::mt19937_64 random_;
};

}  // namespace assay
