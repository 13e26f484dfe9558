#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

constexpr std::size_t k_values = 32;

/// Q8_0: 32 values in 34 bytes, 8.5 bits per weight.
///   byte 0  1   2 .. 33
///        d(f16) q[32] (int8)          value j = d * q[j]
/// Rounding: d = max|x| / 127, q = nearest of x / d, halves away from zero.
struct Block {
  std::uint16_t d;
  std::int8_t q[k_values];
};
static_assert(sizeof(Block) == 34);

void decode(const std::byte* row, std::size_t k, float* out) {
  for (std::size_t b = 0; b < k / k_values; ++b) {
    const auto block = load_block<Block>(row, b);
    const float d = f16_to_f32(block.d);
    for (std::size_t j = 0; j < k_values; ++j) {
      out[b * k_values + j] = d * static_cast<float>(block.q[j]);
    }
  }
}

void encode(const float* values, std::size_t k, std::byte* row) {
  for (std::size_t b = 0; b < k / k_values; ++b) {
    const float* x = values + b * k_values;
    float largest = 0.0F;
    for (std::size_t j = 0; j < k_values; ++j) largest = std::fmax(largest, std::fabs(x[j]));
    const float d = largest / 127.0F;
    const float inverse = d > 0.0F ? 1.0F / d : 0.0F;
    Block block{f32_to_f16(d), {}};
    for (std::size_t j = 0; j < k_values; ++j) {
      block.q[j] = static_cast<std::int8_t>(rounded_within(x[j] * inverse, -127, 127));
    }
    store_block(row, b, block);
  }
}

/// Codes uniform over -128 .. 127 (deviation 73.9).
void fill_random(std::uint64_t seed, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(seed);
  for (std::size_t b = 0; b < k / k_values; ++b) {
    Block block{f32_to_f16(deviation / 73.9F), {}};
    random.fill(block.q, sizeof(block.q));
    store_block(row, b, block);
  }
}

double dot(const std::byte* row, const Q8Columns* q8, const F32Columns*, std::size_t column) {
  const std::size_t k = q8->k;
  const std::int8_t* codes = q8->codes + column * k;
  const float* scales = q8->scales + column * (k / 32);
  double sum = 0.0;
  for (std::size_t b = 0; b < k / k_values; ++b) {
    const auto block = load_block<Block>(row, b);
    const std::int32_t products = integer_dot(block.q, codes + b * k_values, k_values);
    sum += static_cast<double>(f16_to_f32(block.d)) * static_cast<double>(scales[b]) * products;
  }
  return sum;
}

}  // namespace

constinit const FormatDefinition k_q8_0_definition{WeightFormat::q8_0, true, decode, encode,
                                                   fill_random,        dot};

}  // namespace assay
