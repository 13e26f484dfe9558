// The definition as a kernel table: runs everywhere, clear rather than fast.
#include "reference-engine/kernels/tables.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

// A panel is one row as stored.
template <const FormatDefinition& definition>
void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  const std::size_t bytes = row_bytes(definition.format, k);
  if (rows == 0) {
    std::memset(panel, 0, bytes);
  } else {
    std::memcpy(panel, rows_in, bytes);
  }
}

template <const FormatDefinition& definition>
void decode_row(const std::byte* panel, std::size_t, std::size_t k, float* out) {
  definition.decode(panel, k, out);
}

std::size_t width(const Q8Columns* q8, const F32Columns* f32) {
  return q8 != nullptr ? q8->k : f32->k;
}

template <const FormatDefinition& definition>
void multiply(const PanelProduct* product) {
  const std::size_t bytes = row_bytes(definition.format, width(product->q8, product->f32));
  for (std::size_t c = 0; c < product->columns; ++c) {
    for (std::size_t r = 0; r < product->rows; ++r) {
      const std::byte* row = product->panels + r * bytes;
      product->out[c * product->stride + r] =
          static_cast<float>(definition.dot(row, product->q8, product->f32, c));
    }
  }
}

template <const FormatDefinition& definition>
void multiply_streams(const StreamProduct* product) {
  const std::size_t bytes = row_bytes(definition.format, width(product->q8, product->f32));
  for (std::size_t s = 0; s < k_streams; ++s) {
    for (std::size_t r = 0; r < product->panel_count; ++r) {
      const std::byte* row = product->panels[s] + r * bytes;
      product->out[s][r] = static_cast<float>(definition.dot(row, product->q8, product->f32, 0));
    }
  }
}

template <const FormatDefinition& definition>
constexpr FormatKernels kernels_of(WeightFormat format, bool takes_q8) {
  return {static_cast<std::uint32_t>(format),
          1,
          takes_q8,
          pack<definition>,
          decode_row<definition>,
          multiply<definition>,
          multiply_streams<definition>};
}

void quantise_q8(const float* x, std::size_t k, std::int8_t* codes, float* scales,
                 std::int16_t* sums) {
  for (std::size_t b = 0; b < k / 32; ++b) {
    float largest = 0.0F;
    for (std::size_t j = 0; j < 32; ++j) largest = std::max(largest, std::fabs(x[b * 32 + j]));
    const bool usable = std::isnormal(largest / 127.0F);
    const float scale = usable ? largest / 127.0F : 0.0F;
    const float inverse = usable ? 1.0F / scale : 0.0F;
    int sum[2] = {0, 0};
    for (std::size_t j = 0; j < 32; ++j) {
      float code = usable ? std::nearbyint(x[b * 32 + j] * inverse) : 0.0F;
      if (!(code > -127.0F)) code = -127.0F;  // also what is not a number
      codes[b * 32 + j] = static_cast<std::int8_t>(std::min(code, 127.0F));
      sum[j / 16] += codes[b * 32 + j];
    }
    scales[b] = scale;
    sums[2 * b] = static_cast<std::int16_t>(sum[0]);
    sums[2 * b + 1] = static_cast<std::int16_t>(sum[1]);
  }
}

float dot_f32(const float* a, const float* b, std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return static_cast<float>(sum);
}

void add_scaled(float* y, const float* x, float scale, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += scale * x[i];
}

float sum_of_squares(const float* x, std::size_t n) { return dot_f32(x, x, n); }

void scale_by(float* x, const float* weight, float scale, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] *= scale * weight[i];
}

float maximum(const float* x, std::size_t n) { return *std::max_element(x, x + n); }

float exp_sum(float* x, float maximum, std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = std::exp(x[i] - maximum);
    sum += static_cast<double>(x[i]);
  }
  return static_cast<float>(sum);
}

void soft_cap(float* x, float cap, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = cap * std::tanh(x[i] / cap);
}

void silu_multiply(float* gate, const float* up, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) gate[i] = gate[i] / (1.0F + std::exp(-gate[i])) * up[i];
}

float advance_state(float* row, const float* add, const float* read, float decay, float scale,
                    std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    row[i] = decay * row[i] + scale * add[i];
    sum += static_cast<double>(row[i]) * static_cast<double>(read[i]);
  }
  return static_cast<float>(sum);
}

void to_f16(const float* x, std::uint16_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = f32_to_f16(x[i]);
}

/// Calls use(position, values) with each of the rows of a cache, widened by its format's
/// definition.
template <const FormatDefinition& definition, typename Use>
void for_each_row(const CacheRows& rows, Use use) {
  const std::size_t block = block_shape(definition.format)->values;
  std::vector<float> values((rows.dim + block - 1) / block * block);
  const std::size_t bytes = row_bytes(definition.format, values.size());
  for (std::size_t p = 0; p < rows.positions; ++p) {
    definition.decode(rows.first + p * bytes, values.size(), values.data());
    use(p, values.data());
  }
}

template <const FormatDefinition& definition>
void scores(const float* q, std::size_t queries, const CacheRows& keys, float* out,
            std::size_t stride) {
  const std::size_t dim = keys.dim;
  for_each_row<definition>(keys, [&](std::size_t p, const float* key) {
    for (std::size_t h = 0; h < queries; ++h) out[h * stride + p] = dot_f32(q + h * dim, key, dim);
  });
}

template <const FormatDefinition& definition>
void mix(const float* weights, std::size_t queries, std::size_t stride, const CacheRows& values,
         float* out) {
  const std::size_t dim = values.dim;
  std::vector<double> sums(out, out + queries * dim);
  for_each_row<definition>(values, [&](std::size_t p, const float* value) {
    for (std::size_t h = 0; h < queries; ++h) {
      const auto weight = static_cast<double>(weights[h * stride + p]);
      for (std::size_t i = 0; i < dim; ++i) {
        sums[h * dim + i] += weight * static_cast<double>(value[i]);
      }
    }
  });
  for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<float>(sums[i]);
}

template <const FormatDefinition& definition>
constexpr CacheKernels cache_of() {
  return {scores<definition>, mix<definition>};
}

std::uint64_t read_stream(const std::byte* from, std::size_t bytes, unsigned streams) {
  const std::size_t words = bytes / streams / sizeof(std::uint64_t);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < words; ++i) {
    for (unsigned s = 0; s < streams; ++s) {
      std::uint64_t word = 0;
      std::memcpy(&word, from + (s * words + i) * sizeof(word), sizeof(word));
      sum += word;
    }
  }
  return sum;
}

float fma_loop(std::size_t steps) {
  float sums[8] = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F};
  for (std::size_t i = 0; i < steps; ++i) {
    for (float& sum : sums) sum = sum * 0.5F + 1.0F;
  }
  float total = 0.0F;
  for (const float sum : sums) total += sum;
  return total;
}

std::int32_t int8_loop(std::size_t steps) {
  std::int8_t a[32];
  std::int8_t b[32];
  for (int i = 0; i < 32; ++i) {
    a[i] = static_cast<std::int8_t>(i - 16);
    b[i] = static_cast<std::int8_t>(3 * i - 48);
  }
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < steps; ++i) {
    a[i % 32] = static_cast<std::int8_t>(sum & 127);
    for (int j = 0; j < 32; ++j) sum += static_cast<std::uint32_t>(int{a[j]} * int{b[j]});
  }
  return static_cast<std::int32_t>(sum);
}

}  // namespace

constinit const KernelTable k_scalar_table{
    .isa = "scalar",
    .formats = {kernels_of<k_f32_definition>(WeightFormat::f32, false),
                kernels_of<k_f16_definition>(WeightFormat::f16, false),
                kernels_of<k_bf16_definition>(WeightFormat::bf16, false),
                kernels_of<k_q8_0_definition>(WeightFormat::q8_0, true),
                kernels_of<k_q4_0_definition>(WeightFormat::q4_0, true),
                kernels_of<k_q4_1_definition>(WeightFormat::q4_1, true),
                kernels_of<k_q5_0_definition>(WeightFormat::q5_0, true),
                kernels_of<k_q5_1_definition>(WeightFormat::q5_1, true),
                kernels_of<k_q2_k_definition>(WeightFormat::q2_k, true),
                kernels_of<k_q3_k_definition>(WeightFormat::q3_k, true),
                kernels_of<k_q4_k_definition>(WeightFormat::q4_k, true),
                kernels_of<k_q5_k_definition>(WeightFormat::q5_k, true),
                kernels_of<k_q6_k_definition>(WeightFormat::q6_k, true),
                kernels_of<k_iq4_nl_definition>(WeightFormat::iq4_nl, true),
                kernels_of<k_iq4_xs_definition>(WeightFormat::iq4_xs, true),
                kernels_of<k_mxfp4_definition>(WeightFormat::mxfp4, true)},
    .quantise_q8 = quantise_q8,
    .dot_f32 = dot_f32,
    .add_scaled = add_scaled,
    .sum_of_squares = sum_of_squares,
    .scale_by = scale_by,
    .maximum = maximum,
    .exp_sum = exp_sum,
    .soft_cap = soft_cap,
    .silu_multiply = silu_multiply,
    .advance_state = advance_state,
    .f32_to_f16 = to_f16,
    .cache = {cache_of<k_f16_definition>(), cache_of<k_f32_definition>(),
              cache_of<k_bf16_definition>(), cache_of<k_q8_0_definition>()},
    .read_stream = read_stream,
    .fma_loop = fma_loop,
    .fma_flops_per_step = 16,  // 8 multiplications and 8 additions
    .int8_loop = int8_loop,
    .int8_ops_per_step = 64,
};

}  // namespace assay
