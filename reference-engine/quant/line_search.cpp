#include "reference-engine/quant/line_search.hpp"

#include <algorithm>

namespace assay {
namespace {

/// Sums over codes; in four lanes, as vector registers hold them.
struct LineSums {
  float codes = 0.0F;
  float squares = 0.0F;   // sum(c^2)
  float products = 0.0F;  // sum(x c)
};

float sum_of(const float (&lanes)[4]) { return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]); }

/// Sums over the codes nearest to x * inverse + offset.
LineSums sum_codes(const float* x, std::size_t n, float highest, float inverse, float offset) {
  const IntegerCodes range{0.0F, highest};
  float codes[4] = {};
  float squares[4] = {};
  float products[4] = {};
  for (std::size_t j = 0; j < n; j += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const float code = range.nearest(x[j + lane] * inverse + offset);
      codes[lane] += code;
      squares[lane] += code * code;
      products[lane] += x[j + lane] * code;
    }
  }
  return {sum_of(codes), sum_of(squares), sum_of(products)};
}

/// A line and by how much it lowers the error from sum(x^2).
struct Candidate {
  Line line;
  float gain = 0.0F;
};

/// The least-squares line through codes and values. With minimum held at 0: the line through 0.
Candidate least_squares(const LineSums& sums, float sum_x, float n, MinimumSign sign) {
  Candidate found;
  const float determinant = n * sums.squares - sums.codes * sums.codes;
  if (determinant > 0.0F) {
    found.line.scale = (n * sums.products - sums.codes * sum_x) / determinant;
    found.line.minimum = (found.line.scale * sums.codes - sum_x) / n;
    found.gain = found.line.scale * sums.products - found.line.minimum * sum_x;
    if (sign == MinimumSign::any || found.line.minimum >= 0.0F) return found;
  }
  if (!(sums.squares > 0.0F)) return {};
  const float scale = sums.products / sums.squares;
  return {{scale, 0.0F}, scale * sums.products};
}

}  // namespace

float error_of_line(const float* x, std::size_t n, float highest, Line line) {
  const IntegerCodes range{0.0F, highest};
  const float inverse = line.scale > 0.0F ? 1.0F / line.scale : 0.0F;
  float error[4] = {};
  for (std::size_t j = 0; j < n; j += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const float code = range.nearest((x[j + lane] + line.minimum) * inverse);
      const float rest = line.scale * code - line.minimum - x[j + lane];
      error[lane] += rest * rest;
    }
  }
  return sum_of(error);
}

Line search_line(const float* x, std::size_t n, float highest, MinimumSign sign) {
  float low = x[0];
  float high = x[0];
  float sum_x = 0.0F;
  for (std::size_t j = 0; j < n; ++j) {
    low = std::min(low, x[j]);
    high = std::max(high, x[j]);
    sum_x += x[j];
  }
  if (sign == MinimumSign::not_negative) low = std::min(low, 0.0F);
  // Equal values, or none above zero: one code suffices.
  const auto count = static_cast<float>(n);
  if (!(high > low))
    return {0.0F, sign == MinimumSign::any ? -low : std::max(0.0F, -sum_x / count)};
  // The values span a few steps fewer than there are codes, or more; the lowest of them or the
  // highest lies on the end of the range, and what spans more is clipped at the other end.
  // Refitting moves the line between the two.
  constexpr float k_fewer = 0.15F;
  constexpr float k_more = 0.3F;
  constexpr int k_steps = 16;
  Candidate best{{0.0F, -sum_x / count}, sum_x * sum_x / count};
  if (sign == MinimumSign::not_negative && best.line.minimum < 0.0F) best = {};
  for (int step = 0; step <= k_steps; ++step) {
    const float share = (k_fewer + k_more) * static_cast<float>(step) / k_steps - k_fewer;
    const float spare = highest * share;
    const float inverse = (highest + spare) / (high - low);
    for (const float shift : {0.0F, spare}) {
      const Candidate found = least_squares(
          sum_codes(x, n, highest, inverse, -low * inverse - shift), sum_x, count, sign);
      if (found.gain > best.gain && found.line.scale > 0.0F) best = found;
    }
  }
  for (int round = 0; round < 3 && best.line.scale > 0.0F; ++round) {
    const float inverse = 1.0F / best.line.scale;
    const Candidate found = least_squares(
        sum_codes(x, n, highest, inverse, best.line.minimum * inverse), sum_x, count, sign);
    if (!(found.gain > best.gain)) break;
    best = found;
  }
  return best.line;
}

OneLineFit fit_one_line(const float* values, int highest) {
  constexpr std::size_t k_values = 32;
  const UnitBlock<k_values> unit(values);
  const IntegerCodes range{0.0F, static_cast<float>(highest)};
  const Line line = search_line(unit.x, k_values, range.high, MinimumSign::any);
  const float scale = unit.as_stored(line.scale);
  const float minimum = unit.as_stored(line.minimum);
  OneLineFit fit{scale_to_f16(unit.restore(scale)), scale_to_f16(unit.restore(-minimum)), {}};
  const float inverse = scale > 0.0F ? 1.0F / scale : 0.0F;
  for (std::size_t j = 0; j < k_values; ++j) {
    fit.codes[j] = static_cast<std::uint8_t>(range.nearest((unit.x[j] + minimum) * inverse));
  }
  return fit;
}

}  // namespace assay
