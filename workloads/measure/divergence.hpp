#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference-engine/session.hpp"
#include "workloads/quality_result.hpp"

namespace assay {

/// What two models say about one token.
struct TokenScore {
  double surprise = 0.0;            // -ln of the probability that the model gave the next token
  double reference_surprise = 0.0;  // the same of the reference
  double divergence = 0.0;          // Kullback-Leibler of the model from the reference, nats
  bool same_top = false;            // both think the same token most likely
};

/// Compares logits before `next`, in float64. Shape: both [vocabulary], finite, not empty.
/// Divergence: sum of p ln(p / q) over the vocabulary, p the reference's probabilities, q the
/// model's; never below 0, which only rounding could bring about.
TokenScore score_token(std::span<const float> model, std::span<const float> reference,
                       TokenId next);

/// The five figures of a Quality over all tokens of all chunks. Perplexity is exp of the mean
/// surprise; the 99th percentile is the least divergence that at least 99 % of the tokens do not
/// exceed. Intervals: percentile bootstrap over chunks, for tokens of one chunk depend on each
/// other: chunks are drawn with replacement, as many as there are, 1000 times, and the interval
/// reaches from the 2.5th to the 97.5th percentile of what they give. Requires at least one token.
void summarise_scores(std::span<const std::vector<TokenScore>> chunks, std::uint64_t seed,
                      Quality& into);

}  // namespace assay
