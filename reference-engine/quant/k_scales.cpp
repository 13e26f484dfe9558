#include "reference-engine/quant/k_scales.hpp"

#include <algorithm>
#include <cmath>

#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

constexpr std::size_t k_sub_block = 32;

/// value = scale * q - minimum, both at least zero.
struct Line {
  float scale = 0.0F;
  float minimum = 0.0F;
};

/// The codes nearest to x on a line, and the squared error that remains.
float round_to_line(const float* x, Line line, int highest, std::uint8_t* q) {
  const float inverse = line.scale > 0.0F ? 1.0F / line.scale : 0.0F;
  float error = 0.0F;
  for (std::size_t j = 0; j < k_sub_block; ++j) {
    q[j] = static_cast<std::uint8_t>(rounded_within((x[j] + line.minimum) * inverse, 0, highest));
    const float rest = line.scale * static_cast<float>(q[j]) - line.minimum - x[j];
    error += rest * rest;
  }
  return error;
}

/// The least-squares line through (q, x), if it has a scale and a minimum of at least zero.
Line refit(const float* x, const std::uint8_t* q, Line fallback) {
  double n = k_sub_block;
  double sum_q = 0.0;
  double sum_qq = 0.0;
  double sum_x = 0.0;
  double sum_qx = 0.0;
  for (std::size_t j = 0; j < k_sub_block; ++j) {
    const double code = q[j];
    const double value = static_cast<double>(x[j]);
    sum_q += code;
    sum_qq += code * code;
    sum_x += value;
    sum_qx += code * value;
  }
  const double determinant = n * sum_qq - sum_q * sum_q;
  if (!(determinant > 0.0)) return fallback;
  const double scale = (n * sum_qx - sum_q * sum_x) / determinant;
  const double minimum = (scale * sum_q - sum_x) / n;
  if (!(scale > 0.0) || !(minimum >= 0.0)) return fallback;
  return {static_cast<float>(scale), static_cast<float>(minimum)};
}

/// Starts from lines that cover a little more or less than the range, refits each once, and keeps
/// the best.
Line fit_line(const float* x, int highest) {
  float low = 0.0F;
  float high = 0.0F;
  for (std::size_t j = 0; j < k_sub_block; ++j) {
    low = std::fmin(low, x[j]);
    high = std::fmax(high, x[j]);
  }
  if (!(high > low)) return {0.0F, -low};
  Line best{};
  float best_error = INFINITY;
  for (int step = -8; step <= 8; ++step) {
    const float levels = static_cast<float>(highest) + 0.125F * static_cast<float>(step);
    const Line start{(high - low) / levels, -low};
    std::uint8_t q[k_sub_block];
    round_to_line(x, start, highest, q);
    const Line line = refit(x, q, start);
    const float error = round_to_line(x, line, highest, q);
    if (error < best_error) {
      best_error = error;
      best = line;
    }
  }
  return best;
}

}  // namespace

SubBlockFit fit_sub_blocks(const float* values, int highest) {
  Line lines[8];
  float largest_scale = 0.0F;
  float largest_minimum = 0.0F;
  for (std::size_t b = 0; b < 8; ++b) {
    lines[b] = fit_line(values + b * k_sub_block, highest);
    largest_scale = std::max(largest_scale, lines[b].scale);
    largest_minimum = std::max(largest_minimum, lines[b].minimum);
  }
  SubBlockFit fit{};
  fit.d = f16_to_f32(f32_to_f16(largest_scale / 63.0F));
  fit.dmin = f16_to_f32(f32_to_f16(largest_minimum / 63.0F));
  const float inverse_d = fit.d > 0.0F ? 1.0F / fit.d : 0.0F;
  const float inverse_dmin = fit.dmin > 0.0F ? 1.0F / fit.dmin : 0.0F;
  for (std::size_t b = 0; b < 8; ++b) {
    const int scale = rounded_within(lines[b].scale * inverse_d, 0, 63);
    const int minimum = rounded_within(lines[b].minimum * inverse_dmin, 0, 63);
    fit.scales.scale[b] = static_cast<std::uint8_t>(scale);
    fit.scales.minimum[b] = static_cast<std::uint8_t>(minimum);
    const Line stored{fit.d * static_cast<float>(scale), fit.dmin * static_cast<float>(minimum)};
    round_to_line(values + b * k_sub_block, stored, highest, fit.q + b * k_sub_block);
  }
  return fit;
}

}  // namespace assay
