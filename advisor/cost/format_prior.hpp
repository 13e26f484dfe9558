#pragma once

#include <span>
#include <utility>
#include <vector>

#include "advisor/calibration.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// What is expected of a format before anything was measured.
struct FormatPrior {
  WeightFormat format;
  double decode_efficiency;      // share of the read bandwidth
  double prefill_per_fma_flops;  // matrix rate over the float32 peak of the same threads
};

/// What experts are believed to reach of the dense rates: each is a read of 1 to 3 MB at a random
/// place, and a product with the few tokens that chose it.
inline constexpr double k_expert_share = 0.85;
inline constexpr double k_expert_prefill_share = 0.6;

/// Fixed costs. A layer is six barriers, two norms, a rotation and an activation; an MoE layer
/// routes and gathers; a token is the choice among the logits and one row of the embedding.
inline constexpr double k_seconds_per_layer = 20e-6;
inline constexpr double k_seconds_per_moe_layer = 20e-6;
inline constexpr double k_seconds_per_token = 100e-6;
/// Keys and values are read like other rows of 16-bit values. Each pair of a query and a key costs
/// a sum across a vector, an exponential and a scaled sum of values besides: about ten cycles of
/// 2.6 GHz of one thread.
inline constexpr double k_cache_efficiency = 0.9;
inline constexpr double k_seconds_per_score = 4e-9;

/// Those of every format that the engine runs.
std::span<const FormatPrior> format_priors();

/// The prior of a format, or that of the listed format whose bits per weight are nearest.
const FormatPrior& format_prior(WeightFormat format);

/// What is expected of formats on one machine: of those whose kernels were timed on it what these
/// reached, of others format_prior().
class FormatPriors {
 public:
  FormatPriors() = default;
  explicit FormatPriors(std::vector<FormatPrior> timed) : timed_(std::move(timed)) {}
  [[nodiscard]] const FormatPrior& of(WeightFormat format) const;
  [[nodiscard]] std::span<const FormatPrior> timed() const { return timed_; }
  [[nodiscard]] bool is_timed(WeightFormat format) const;
  [[nodiscard]] bool all_timed(std::span<const WeightFormat> formats) const;

 private:
  std::vector<FormatPrior> timed_;
};

/// What is believed of a decode step's attention on one machine, with all its threads.
struct AttentionPrior {
  double cache_efficiency = k_cache_efficiency;  // share of the read bandwidth on keys and values
  double seconds_per_score = k_seconds_per_score;
  bool timed = false;  // by its kernels
};

/// The rate of a format from those that were measured: its own, or the one of the nearest in bits
/// per weight, scaled as the priors are to each other and with a wider interval. Requires rates.
FormatRate rate_of(const std::vector<FormatRate>& rates, WeightFormat format);

/// Adds the formats whose kernels were timed and that no run had: the rate of the nearest in bits
/// per weight, scaled as the kernels are to each other.
void add_timed_formats(const FormatPriors& priors, std::vector<FormatRate>& rates);

/// Rates of expert matrices; where none was measured the dense ones, less what random reads cost.
std::vector<FormatRate> expert_rates(const Calibration& calibration);

/// How much of what the priors say formats of integers differ by in prefill is seen here: the slope
/// of logarithms, 0 (they are all alike: weights become the same integers before they meet many
/// rows) to 1. With fewer than two of them 1.
double format_contrast(const std::vector<FormatRate>& rates);

/// Stored bits of one weight, scales included.
double bits_per_weight(WeightFormat format);

}  // namespace assay
