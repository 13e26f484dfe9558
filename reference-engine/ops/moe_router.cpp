#include "reference-engine/ops/moe_router.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay {

void choose_experts(const MoeSpec& moe, std::span<float> logits, std::span<std::uint32_t> chosen,
                    std::span<float> weights) {
  constexpr float k_lowest = std::numeric_limits<float>::lowest();
  double maximum = std::numeric_limits<double>::lowest();
  for (float& logit : logits) {
    logit = std::max(k_lowest, logit);  // in this order: NaN becomes the lowest
    maximum = std::max(maximum, static_cast<double>(logit));
  }
  double total = 0.0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - maximum);

  double used_total = 0.0;
  const auto comes_before = [&](std::size_t a, std::size_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  };
  for (std::size_t slot = 0; slot < chosen.size(); ++slot) {
    std::size_t best = logits.size();
    for (std::size_t e = 0; e < logits.size(); ++e) {
      const bool left = slot == 0 || comes_before(chosen[slot - 1], e);
      if (left && (best == logits.size() || logits[e] > logits[best])) best = e;
    }
    chosen[slot] = static_cast<std::uint32_t>(best);
    const double weight = std::exp(static_cast<double>(logits[best]) - maximum) / total;
    weights[slot] = static_cast<float>(weight);
    used_total += weight;
  }
  if (!moe.normalise_weights) return;
  for (float& weight : weights)
    weight = static_cast<float>(static_cast<double>(weight) / used_total);
}

}  // namespace assay
