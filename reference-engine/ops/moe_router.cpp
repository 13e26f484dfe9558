#include "reference-engine/ops/moe_router.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

namespace assay {

namespace {

/// What turns one logit into a probability, in float64.
class Probability {
 public:
  Probability(RouterKind kind, std::span<const float> logits) : kind_(kind) {
    if (kind == RouterKind::sigmoid) return;
    maximum_ = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    total_ = 0.0;
    for (const float logit : logits) total_ += std::exp(static_cast<double>(logit) - maximum_);
  }
  double operator()(float logit) const {
    const auto value = static_cast<double>(logit);
    return kind_ == RouterKind::sigmoid ? 1.0 / (1.0 + std::exp(-value))
                                        : std::exp(value - maximum_) / total_;
  }

 private:
  RouterKind kind_;
  double maximum_ = 0.0;
  double total_ = 1.0;
};

/// Gives the experts of groups that are not used a rank below all others.
void close_groups(const MoeSpec& moe, std::span<double> rank) {
  if (moe.groups <= 1) return;
  const std::vector<double> scores = group_scores(moe, rank);
  std::vector<std::size_t> order(moe.groups);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  const std::size_t size = rank.size() / moe.groups;
  for (std::size_t i = moe.groups_used; i < moe.groups; ++i) {
    const std::span<double> closed = rank.subspan(order[i] * size, size);
    std::fill(closed.begin(), closed.end(), -std::numeric_limits<double>::infinity());
  }
}

}  // namespace

std::vector<double> group_scores(const MoeSpec& moe, std::span<const double> rank) {
  const std::size_t size = rank.size() / moe.groups;
  std::vector<double> scores;
  for (std::size_t first = 0; first < rank.size(); first += size) {
    std::vector<double> group(rank.begin() + static_cast<std::ptrdiff_t>(first),
                              rank.begin() + static_cast<std::ptrdiff_t>(first + size));
    const std::size_t best = std::min<std::size_t>(2, size);
    std::partial_sort(group.begin(), group.begin() + static_cast<std::ptrdiff_t>(best), group.end(),
                      std::greater<>());
    scores.push_back(best == 2 ? group[0] + group[1] : group[0]);
  }
  return scores;
}

void choose_experts(const MoeSpec& moe, std::span<const float> selection_bias,
                    std::span<float> logits, std::span<std::uint32_t> chosen,
                    std::span<float> weights) {
  constexpr float k_lowest = std::numeric_limits<float>::lowest();
  for (float& logit : logits) logit = std::max(k_lowest, logit);  // so: NaN becomes the lowest
  const Probability probability(moe.router, logits);
  // Both functions grow with the logit: only a bias can change the order, or a sum of two.
  std::vector<double> rank(logits.begin(), logits.end());
  for (std::size_t e = 0; (moe.groups > 1 || !selection_bias.empty()) && e < rank.size(); ++e) {
    const double bias = selection_bias.empty() ? 0.0 : static_cast<double>(selection_bias[e]);
    rank[e] = std::max(static_cast<double>(k_lowest), probability(logits[e]) + bias);
  }
  close_groups(moe, rank);
  const auto comes_before = [&](std::size_t a, std::size_t b) {
    return rank[a] > rank[b] || (rank[a] == rank[b] && a < b);
  };
  double used_total = 0.0;
  for (std::size_t slot = 0; slot < chosen.size(); ++slot) {
    std::size_t best = logits.size();
    for (std::size_t e = 0; e < logits.size(); ++e) {
      const bool left = slot == 0 || comes_before(chosen[slot - 1], e);
      if (left && (best == logits.size() || rank[e] > rank[best])) best = e;
    }
    chosen[slot] = static_cast<std::uint32_t>(best);
    const double weight = probability(logits[best]);
    weights[slot] = static_cast<float>(weight);
    used_total += weight;
  }
  const double scale =
      static_cast<double>(moe.weight_scale) / (moe.normalise_weights ? used_total : 1.0);
  if (scale == 1.0) return;
  for (float& weight : weights) weight = static_cast<float>(static_cast<double>(weight) * scale);
}

}  // namespace assay
