#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

constexpr std::size_t k_values = 32;

/// Q4_0: 32 values in 18 bytes, 4.5 bits per weight.
///   byte 0  1   2 .. 17
///        d(f16) nibbles[16]    low nibble of byte j: value j, high nibble: value j + 16
///                              value = d * (nibble - 8)
/// Rounding: d = m / -8 with m the value of largest magnitude; nibble = nearest of x / d + 8, at
/// most 15.
struct Block {
  std::uint16_t d;
  std::uint8_t nibbles[k_values / 2];
};
static_assert(sizeof(Block) == 18);

void unpack(const Block& block, std::int8_t* q) {
  for (std::size_t j = 0; j < k_values / 2; ++j) {
    q[j] = static_cast<std::int8_t>((block.nibbles[j] & 15) - 8);
    q[j + k_values / 2] = static_cast<std::int8_t>((block.nibbles[j] >> 4) - 8);
  }
}

void decode(const std::byte* row, std::size_t k, float* out) {
  for (std::size_t b = 0; b < k / k_values; ++b) {
    const auto block = load_block<Block>(row, b);
    std::int8_t q[k_values];
    unpack(block, q);
    const float d = f16_to_f32(block.d);
    for (std::size_t j = 0; j < k_values; ++j) {
      out[b * k_values + j] = d * static_cast<float>(q[j]);
    }
  }
}

void encode(const float* values, std::size_t k, std::byte* row) {
  for (std::size_t b = 0; b < k / k_values; ++b) {
    const float* x = values + b * k_values;
    float largest = 0.0F;
    for (std::size_t j = 0; j < k_values; ++j) {
      if (std::fabs(x[j]) > std::fabs(largest)) largest = x[j];
    }
    const float d = largest / -8.0F;
    const float inverse = d != 0.0F ? 1.0F / d : 0.0F;
    Block block{f32_to_f16(d), {}};
    for (std::size_t j = 0; j < k_values / 2; ++j) {
      const int low = rounded_within(x[j] * inverse + 8.0F, 0, 15);
      const int high = rounded_within(x[j + k_values / 2] * inverse + 8.0F, 0, 15);
      block.nibbles[j] = static_cast<std::uint8_t>(low | (high << 4));
    }
    store_block(row, b, block);
  }
}

/// Codes uniform over -8 .. 7 (deviation 4.61); the sign of d alternates, which brings the mean
/// to zero.
void fill_random(std::uint64_t seed, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(seed);
  const float d = deviation / 4.61F;
  for (std::size_t b = 0; b < k / k_values; ++b) {
    Block block{f32_to_f16((random.next() & 1) != 0 ? d : -d), {}};
    random.fill(block.nibbles, sizeof(block.nibbles));
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
    std::int8_t q[k_values];
    unpack(block, q);
    const std::int32_t products = integer_dot(q, codes + b * k_values, k_values);
    sum += static_cast<double>(f16_to_f32(block.d)) * static_cast<double>(scales[b]) * products;
  }
  return sum;
}

}  // namespace

constinit const FormatDefinition k_q4_0_definition{WeightFormat::q4_0, true, decode, encode,
                                                   fill_random,        dot};

}  // namespace assay
