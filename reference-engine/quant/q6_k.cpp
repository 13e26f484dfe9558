#include <algorithm>

#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

constexpr std::size_t k_values = 256;

/// Q6_K: 256 values in 210 bytes, 6.5625 bits per weight; 16 sub-blocks of 16.
///   byte 0 .. 127  128 .. 191  192 .. 207          208 209
///        low[128]  high[64]    scales[16] (int8)   d(f16)
///   Two halves h of 128 values (low + 64h, high + 32h); in a half, for l = 0 .. 31:
///     value l        low nibble of low[l]         bits 0-1 of high[l]
///     value l + 32   low nibble of low[l + 32]    bits 2-3
///     value l + 64   high nibble of low[l]        bits 4-5
///     value l + 96   high nibble of low[l + 32]   bits 6-7
///   value j = (d * scales[j / 16]) * ((nibble | bits << 4) - 32)
/// Rounding: the code is the nearest for the stored d and scale.
struct Block {
  std::uint8_t low[k_values / 2];
  std::uint8_t high[k_values / 4];
  std::int8_t scales[16];
  std::uint16_t d;
};
static_assert(sizeof(Block) == 210);

void unpack(const Block& block, std::int8_t* q) {
  for (std::size_t j = 0; j < k_values; ++j) {
    const std::size_t half = j / 128;
    const std::size_t quarter = j % 128 / 32;
    const std::size_t l = j % 32;
    const int low = block.low[half * 64 + quarter % 2 * 32 + l] >> (quarter / 2 * 4);
    const int high = block.high[half * 32 + l] >> (quarter * 2);
    q[j] = static_cast<std::int8_t>(((low & 15) | ((high & 3) << 4)) - 32);
  }
}

void pack(const std::int8_t* q, Block& block) {
  for (std::size_t j = 0; j < k_values; ++j) {
    const std::size_t half = j / 128;
    const std::size_t quarter = j % 128 / 32;
    const std::size_t l = j % 32;
    const int code = q[j] + 32;
    std::uint8_t& low = block.low[half * 64 + quarter % 2 * 32 + l];
    std::uint8_t& high = block.high[half * 32 + l];
    low = static_cast<std::uint8_t>(low | ((code & 15) << (quarter / 2 * 4)));
    high = static_cast<std::uint8_t>(high | ((code >> 4) << (quarter * 2)));
  }
}

void decode(const std::byte* row, std::size_t k, float* out) {
  for (std::size_t i = 0; i < k / k_values; ++i) {
    const auto block = load_block<Block>(row, i);
    std::int8_t q[k_values];
    unpack(block, q);
    for (std::size_t j = 0; j < k_values; ++j) {
      const std::size_t b = j / 16;
      const float scale = f16_to_f32(block.d) * static_cast<float>(block.scales[b]);
      out[i * k_values + j] = scale * static_cast<float>(q[j]);
    }
  }
}

/// The scale of 16 values whose codes reach -32: that of the value of largest magnitude, refitted
/// by least squares once.
float fit_scale(const float* x) {
  float largest = 0.0F;
  for (std::size_t j = 0; j < 16; ++j) {
    if (std::fabs(x[j]) > std::fabs(largest)) largest = x[j];
  }
  const float scale = largest / -32.0F;
  if (scale == 0.0F) return 0.0F;
  float products = 0.0F;
  float squares = 0.0F;
  for (std::size_t j = 0; j < 16; ++j) {
    const auto q = static_cast<float>(rounded_within(x[j] / scale, -32, 31));
    products += q * x[j];
    squares += q * q;
  }
  return squares > 0.0F ? products / squares : scale;
}

void encode(const float* values, std::size_t k, std::byte* row) {
  for (std::size_t i = 0; i < k / k_values; ++i) {
    const float* x = values + i * k_values;
    float scales[16];
    float largest = 0.0F;
    for (std::size_t b = 0; b < 16; ++b) {
      scales[b] = fit_scale(x + b * 16);
      if (std::fabs(scales[b]) > std::fabs(largest)) largest = scales[b];
    }
    Block block{};
    block.d = f32_to_f16(largest / -128.0F);
    const float d = f16_to_f32(block.d);
    std::int8_t q[k_values];
    for (std::size_t b = 0; b < 16; ++b) {
      const int scale = d != 0.0F ? rounded_within(scales[b] / d, -128, 127) : 0;
      block.scales[b] = static_cast<std::int8_t>(scale);
      const float step = d * static_cast<float>(scale);
      for (std::size_t j = b * 16; j < b * 16 + 16; ++j) {
        const int code = step != 0.0F ? rounded_within(x[j] / step, -32, 31) : 0;
        q[j] = static_cast<std::int8_t>(code);
      }
    }
    pack(q, block);
    store_block(row, i, block);
  }
}

/// Codes uniform over -32 .. 31 (deviation 18.5), scales over +-(64 .. 127).
void fill_random(std::uint64_t seed, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(seed);
  for (std::size_t i = 0; i < k / k_values; ++i) {
    Block block{};
    random.fill(&block, sizeof(block));
    for (std::int8_t& scale : block.scales) {
      const int magnitude = (scale & 63) + 64;
      scale = static_cast<std::int8_t>(scale < 0 ? -magnitude : magnitude);
    }
    block.d = f32_to_f16(deviation / (18.5F * 96.0F));
    store_block(row, i, block);
  }
}

double dot(const std::byte* row, const Q8Columns* q8, const F32Columns*, std::size_t column) {
  const std::size_t k = q8->k;
  const std::int8_t* codes = q8->codes + column * k;
  const float* scales = q8->scales + column * (k / 32);
  double sum = 0.0;
  for (std::size_t i = 0; i < k / k_values; ++i) {
    const auto block = load_block<Block>(row, i);
    std::int8_t q[k_values];
    unpack(block, q);
    for (std::size_t b = 0; b < 16; ++b) {
      const auto x_scale = static_cast<double>(scales[i * 8 + b / 2]);
      sum += static_cast<double>(f16_to_f32(block.d)) * block.scales[b] * x_scale *
             integer_dot(q + b * 16, codes + i * k_values + b * 16, 16);
    }
  }
  return sum;
}

}  // namespace

constinit const FormatDefinition k_q6_k_definition{WeightFormat::q6_k, true, decode, encode,
                                                   fill_random,        dot};

}  // namespace assay
