#include "reference-engine/runtime/reference_multiply.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "reference-engine/kernels/tables.hpp"
#include "reference-engine/ops/matmul.hpp"
#include "reference-engine/quant/activation_rounding.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

/// A vector as a session's products see it: float32, and int8 codes by their definition.
struct DeclaredInput {
  explicit DeclaredInput(const Vector& x)
      : values(x.size()), codes(x.size()), scales(x.size() / 32), sums(x.size() / 16) {
    std::transform(x.begin(), x.end(), values.begin(),
                   [](double value) { return static_cast<float>(value); });
  }
  void quantise() {
    k_scalar_table.quantise_q8(values.data(), values.size(), codes.data(), scales.data(),
                               sums.data());
  }
  /// What the codes mean.
  [[nodiscard]] Vector decoded() const {
    Vector out(values.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<double>(codes[i]) * static_cast<double>(scales[i / 32]);
    }
    return out;
  }

  std::vector<float> values;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;
};

/// out[r] for every `stride`-th row.
void multiply_rows(ThreadPool& pool, const PackedMatrix& matrix, std::size_t expert,
                   const Vector& x, std::size_t stride, Vector& out) {
  constexpr std::size_t k_rows = 64;  // a piece of some 100,000 multiplications
  pool.for_each((matrix.rows + stride - 1) / stride, k_rows,
                [&](std::size_t begin, std::size_t end, unsigned) {
                  std::vector<float> row(matrix.columns);
                  for (std::size_t r = begin * stride; r < end * stride && r < matrix.rows;
                       r += stride) {
                    matrix.decode_row(expert, r, row.data());
                    out[r] = reference_dot(row.data(), x.data(), matrix.columns);
                  }
                });
}

/// The product of the codes that the session declares to make of x, in float64. Of a large matrix
/// every seventh row: the kernels, which were compared with the definition on this very product,
/// give the others, and the pass with exact activations has all of them.
Vector multiply_as_declared(const Session::State& state, const PackedMatrix& matrix,
                            std::size_t expert, const Vector& exact) {
  constexpr std::size_t k_small = std::size_t{1} << 20;
  constexpr std::size_t k_stride = 7;  // of no panel's rows a divisor
  const bool codes = matrix.kernels->takes_q8;
  const ActivationRounding rounding = matrix.kernels->rounding;
  DeclaredInput input(exact);
  if (codes) input.quantise();
  Vector x = exact;
  if (codes) {
    x = input.decoded();
  } else if (rounding != ActivationRounding::none) {
    round_activations(rounding, input.values);
    x.assign(input.values.begin(), input.values.end());
  }
  Vector out(matrix.rows);
  if (matrix.rows * matrix.columns <= k_small) {
    multiply_rows(*state.pool, matrix, expert, x, 1, out);
    return out;
  }
  std::vector<float> quick(matrix.rows);
  const Activations columns{
      {input.codes.data(), input.scales.data(), input.sums.data(), exact.size()},
      {input.values.data(), exact.size()}};
  const std::array products{Product{&matrix, expert, columns, 1, quick.data(), matrix.rows}};
  multiply(*state.pool, products);
  std::copy(quick.begin(), quick.end(), out.begin());
  multiply_rows(*state.pool, matrix, expert, x, k_stride, out);
  return out;
}

}  // namespace

double reference_dot(const float* row, const double* x, std::size_t n) {
  constexpr std::size_t k_chains = 8;
  std::array<double, k_chains> sums{};
  std::size_t i = 0;
  for (; i + k_chains <= n; i += k_chains) {
    for (std::size_t c = 0; c < k_chains; ++c)
      sums[c] += static_cast<double>(row[i + c]) * x[i + c];
  }
  for (; i < n; ++i) sums[0] += static_cast<double>(row[i]) * x[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

std::vector<double> reference_multiply(const Session::State& state, const PackedMatrix& matrix,
                                       std::size_t expert, const std::vector<double>& x) {
  if (state.rounding == ReferenceRounding::as_declared) {
    return multiply_as_declared(state, matrix, expert, x);
  }
  Vector out(matrix.rows);
  multiply_rows(*state.pool, matrix, expert, x, 1, out);
  return out;
}

}  // namespace assay
