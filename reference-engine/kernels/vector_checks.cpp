#include "reference-engine/kernels/vector_checks.hpp"

#include <cmath>
#include <functional>
#include <string>

#include "reference-engine/footprint.hpp"
#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

// float32 sums of n terms in any order err by at most about sqrt(n) * 2^-24 of their magnitude:
// 3e-6 relative at n = 2560, NMSE 1e-11 for sums that do not cancel. Sums of random signs cancel by
// up to 1 / sqrt(n) more: 1e-11 * n would be the worst, 1e-10 what uniform values reach.
constexpr double k_sum_bound = 1e-10;
// Polynomials of exp with an error of at most 4 units in the last place: (4 * 2^-24)^2 = 6e-14.
constexpr double k_exp_bound = 1e-13;
constexpr double k_exact = 0.0;

std::vector<float> uniform(std::size_t n, std::uint64_t seed, float low, float high) {
  RandomBits random(seed);
  std::vector<float> out(n);
  for (float& value : out) {
    value = low + (high - low) * static_cast<float>(random.next() >> 40) * 0x1p-24F;
  }
  return out;
}

double nmse(const std::vector<double>& exact, const std::vector<float>& got) {
  double error = 0.0;
  double power = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = static_cast<double>(got[i]) - exact[i];
    error += difference * difference;
    power += exact[i] * exact[i];
  }
  return power > 0.0 ? error / power : error;
}

struct Checker {
  const KernelTable& table;
  std::vector<KernelCheck>& checks;

  void add(const std::string& kernel, std::size_t k, double value, double bound,
           std::size_t rows = 1, std::size_t columns = 1) const {
    checks.push_back({kernel, table.isa, rows, k, columns, value, bound});
  }
};

double wide(float value) { return static_cast<double>(value); }

void check_sums(const Checker& check, std::size_t n) {
  const std::vector<float> a = uniform(n, n + 1, -1.0F, 1.0F);
  const std::vector<float> b = uniform(n, n + 2, 0.1F, 1.0F);
  double dot = 0.0;
  double squares = 0.0;
  std::vector<double> added(n);
  std::vector<double> scaled(n);
  for (std::size_t i = 0; i < n; ++i) {
    dot += wide(b[i]) * wide(b[i]) * (i % 2 == 0 ? 1.0 : 0.5);
    squares += wide(a[i]) * wide(a[i]);
    added[i] = wide(a[i]) + 0.75 * wide(b[i]);
    scaled[i] = wide(a[i]) * 0.75 * wide(b[i]);
  }
  std::vector<float> half = b;
  for (std::size_t i = 1; i < n; i += 2) half[i] *= 0.5F;
  check.add("dot_f32", n, nmse({dot}, {check.table.dot_f32(b.data(), half.data(), n)}),
            k_sum_bound);
  check.add("sum_of_squares", n, nmse({squares}, {check.table.sum_of_squares(a.data(), n)}),
            k_sum_bound);
  std::vector<float> y = a;
  check.table.add_scaled(y.data(), b.data(), 0.75F, n);
  check.add("add_scaled", n, nmse(added, y), k_sum_bound);
  y = a;
  check.table.scale_by(y.data(), b.data(), 0.75F, n);
  check.add("scale_by", n, nmse(scaled, y), k_sum_bound);
}

void check_exponentials(const Checker& check, std::size_t n) {
  std::vector<float> x = uniform(n, n + 3, -30.0F, 2.0F);
  x[0] = 2.0F;
  if (n > 1) x[n - 1] = -INFINITY;  // a masked position has weight 0
  std::vector<double> exact(n);
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    exact[i] = std::exp(wide(x[i]) - 2.0);
    total += exact[i];
  }
  std::vector<float> y = x;
  const float sum = check.table.exp_sum(y.data(), 2.0F, n);
  check.add("exp_sum", n, nmse(exact, y), k_exp_bound);
  check.add("exp_sum total", n, nmse({total}, {sum}), k_sum_bound);

  std::vector<float> gate = uniform(n, n + 4, -20.0F, 20.0F);
  if (n > 1) gate[n - 1] = -200.0F;  // exp(200) is infinite in float32; silu is -0
  const std::vector<float> up = uniform(n, n + 5, -1.0F, 1.0F);
  for (std::size_t i = 0; i < n; ++i) {
    exact[i] = wide(gate[i]) / (1.0 + std::exp(-wide(gate[i]))) * wide(up[i]);
  }
  check.table.silu_multiply(gate.data(), up.data(), n);
  check.add("silu_multiply", n, nmse(exact, gate), k_exp_bound);
}

void check_caps(const Checker& check, std::size_t n) {
  for (const float reach : {0.5F, 8.0F, 300.0F}) {
    std::vector<float> x = uniform(n, n + 7, -reach, reach);
    x[0] = 1e-5F;
    std::vector<double> exact(n);
    for (std::size_t i = 0; i < n; ++i) exact[i] = 50.0 * std::tanh(wide(x[i]) / 50.0);
    check.table.soft_cap(x.data(), 50.0F, n);
    check.add("soft_cap", n, nmse(exact, x), k_exp_bound);
  }
  float beyond[] = {INFINITY, -INFINITY, NAN, 0.0F};
  check.table.soft_cap(beyond, 30.0F, 4);
  const bool right =
      beyond[0] == 30.0F && beyond[1] == -30.0F && std::isnan(beyond[2]) && beyond[3] == 0.0F;
  check.add("soft_cap of any value", 4, right ? 0.0 : 1.0, k_exact);
}

void check_maximum(const Checker& check, std::size_t n) {
  double wrong = 0.0;
  for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
    std::vector<float> x = uniform(n, n + at, -30.0F, -2.0F);
    x[at] = -1.0F;
    if (check.table.maximum(x.data(), n) != -1.0F) ++wrong;
  }
  check.add("maximum", n, wrong, k_exact);
}

void check_state(const Checker& check, std::size_t n) {
  std::vector<float> row = uniform(n, n + 8, -1.0F, 1.0F);
  const std::vector<float> add = uniform(n, n + 9, -1.0F, 1.0F);
  std::vector<double> exact(n);
  std::vector<float> read(n);
  double dot = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    exact[i] = 0.9375 * wide(row[i]) + 0.5 * wide(add[i]);
    read[i] = exact[i] < 0.0 ? -1.0F : 0.5F;  // of its sign: a sum that does not cancel
    dot += exact[i] * wide(read[i]);
  }
  const float sum =
      check.table.advance_state(row.data(), add.data(), read.data(), 0.9375F, 0.5F, n);
  check.add("advance_state", n, nmse(exact, row), k_sum_bound);
  check.add("advance_state sum", n, nmse({dot}, {sum}), k_sum_bound);
}

void check_halves(const Checker& check, std::size_t n) {
  std::vector<float> x = uniform(n, n + 6, -4.0F, 4.0F);
  for (std::size_t i = 0; i < n; i += 3) x[i] *= 1e-6F;  // subnormal halves
  if (n > 2) x[2] = 1e6F;                                // infinity
  std::vector<std::uint16_t> halves(n);
  check.table.f32_to_f16(x.data(), halves.data(), n);
  double different = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    if (halves[i] != f32_to_f16(x[i])) ++different;
  }
  check.add("to f16", n, different, k_exact);
}

/// Codes may differ from the definition's by one, where float32 arithmetic meets a tie; scales and
/// sums must belong to the codes.
void check_quantise(const Checker& check, std::size_t k) {
  std::vector<float> x = uniform(k, k + 7, -3.0F, 3.0F);
  for (std::size_t i = 0; i < 32; ++i) x[i] = 0.0F;
  if (k > 32) {
    for (std::size_t i = 32; i < 64; ++i) x[i] *= 1e-42F;  // subnormal: all codes zero
  }
  std::vector<std::int8_t> codes(k);
  std::vector<float> scales(k / 32);
  std::vector<std::int16_t> sums(k / 16);
  check.table.quantise_q8(x.data(), k, codes.data(), scales.data(), sums.data());
  double wrong = 0.0;
  for (std::size_t b = 0; b < k / 32; ++b) {
    float largest = 0.0F;
    for (std::size_t j = 0; j < 32; ++j) largest = std::fmax(largest, std::fabs(x[b * 32 + j]));
    const float scale = std::isnormal(largest / 127.0F) ? largest / 127.0F : 0.0F;
    if (scales[b] != scale) ++wrong;
    for (std::size_t half = 2 * b; half < 2 * b + 2; ++half) {
      if (sums[half] != integer_sum(codes.data() + half * 16, 16)) ++wrong;
    }
    for (std::size_t j = 0; j < 32; ++j) {
      const double value = scale > 0.0F ? wide(x[b * 32 + j]) / wide(scale) : 0.0;
      // Half a step, and the rounding of 1 / scale and of the product (127 * 2^-23).
      if (std::fabs(value - codes[b * 32 + j]) > 0.5 + 2e-5) ++wrong;
    }
  }
  check.add("quantise", k, wrong, k_exact);
}

struct AttentionShape {
  std::size_t queries;
  std::size_t positions;
  std::size_t dim;
};

/// Scores and sums over a cache of one format against float64 over the same stored rows.
void check_attention(const Checker& check, CacheFormat format, const AttentionShape& shape) {
  const auto [queries, positions, dim] = shape;
  const CacheKernels& kernels = check.table.cache[static_cast<std::size_t>(format)];
  const FormatDefinition& definition = *format_definition(cache_weight_format(format));
  const std::size_t block = block_shape(definition.format)->values;
  const std::size_t width = (dim + block - 1) / block * block;
  const std::size_t bytes = row_bytes(definition.format, width);
  const std::size_t stride = positions + 3;
  const std::vector<float> q = uniform(queries * dim, dim, -1.0F, 1.0F);
  const std::vector<float> raw = uniform(positions * width, positions, 0.0F, 1.0F);
  const std::vector<float> weights = uniform(queries * stride, 9, 0.0F, 1.0F);
  std::vector<std::byte> cache(positions * bytes);
  std::vector<float> wide_rows(positions * width);
  for (std::size_t p = 0; p < positions; ++p) {
    definition.encode(raw.data() + p * width, width, cache.data() + p * bytes);
    definition.decode(cache.data() + p * bytes, width, wide_rows.data() + p * width);
  }
  std::vector<float> scores(queries * stride, 0.0F);
  std::vector<float> mixed(queries * dim, 0.5F);
  const CacheRows rows{cache.data(), positions, dim, kernels.fetch_ahead};
  kernels.scores(q.data(), queries, rows, scores.data(), stride);
  kernels.mix(weights.data(), queries, stride, rows, mixed.data());
  std::vector<double> exact_scores(queries * stride, 0.0);
  std::vector<double> exact_mixed(queries * dim, 0.5);
  for (std::size_t h = 0; h < queries; ++h) {
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::size_t i = 0; i < dim; ++i) {
        const double value = wide(wide_rows[p * width + i]);
        exact_scores[h * stride + p] += wide(q[h * dim + i]) * value;
        exact_mixed[h * dim + i] += wide(weights[h * stride + p]) * value;
      }
    }
  }
  const std::string name(cache_format_name(format));
  check.add("scores " + name, dim, nmse(exact_scores, scores), k_sum_bound, positions, queries);
  check.add("mix " + name, dim, nmse(exact_mixed, mixed), k_sum_bound, positions, queries);
}

}  // namespace

void append_vector_checks(const KernelTable& table, std::vector<KernelCheck>& checks) {
  const Checker check{table, checks};
  for (const std::size_t n : {1U, 3U, 7U, 8U, 9U, 15U, 16U, 31U, 33U, 64U, 100U, 2560U}) {
    check_sums(check, n);
    check_exponentials(check, n);
    check_caps(check, n);
    check_maximum(check, n);
    check_state(check, n);
    check_halves(check, n);
  }
  for (const std::size_t k : {32U, 64U, 96U, 256U, 2048U}) check_quantise(check, k);
  for (const AttentionShape& shape : {AttentionShape{1, 1, 8},
                                      {1, 33, 64},
                                      {2, 5, 128},
                                      {3, 17, 80},
                                      {4, 130, 64},
                                      {3, 1100, 96},
                                      {5, 7, 6},
                                      {7, 64, 96},
                                      {8, 31, 64},
                                      {9, 100, 128},
                                      {64, 128, 64},
                                      {33, 47, 36},
                                      {16, 16, 256}}) {
    for (const CacheFormat format : all_cache_formats()) check_attention(check, format, shape);
  }
}

}  // namespace assay
