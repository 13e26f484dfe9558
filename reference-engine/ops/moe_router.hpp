#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference-engine/model_spec.hpp"

namespace assay {

/// The experts of one token and their weights, the likeliest first.
/// Softmax or sigmoid of all logits, then the `used` largest (the lowest index of equals), by their
/// sum with `selection_bias` where it is not empty; with normalise_weights their weights sum to 1;
/// weight_scale multiplies them. Shapes: logits and selection_bias [experts], chosen and weights
/// [used]. `logits` is used up. NaN counts as the smallest value, so that the choice is always
/// valid. With more than one group, only experts of the groups_used best ones (by group_scores) are
/// chosen.
void choose_experts(const MoeSpec& moe, std::span<const float> selection_bias,
                    std::span<float> logits, std::span<std::uint32_t> chosen,
                    std::span<float> weights);

/// The sum of the two highest ranks (of one, where a group has one expert) of each group. Requires
/// a number of groups that divides that of the ranks. Shape: the result [groups]. Source:
/// DeepSeek-V3's model code (`group_scores`).
std::vector<double> group_scores(const MoeSpec& moe, std::span<const double> rank);

}  // namespace assay
