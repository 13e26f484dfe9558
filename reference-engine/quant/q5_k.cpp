#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/k_scales.hpp"

namespace assay {
namespace {

constexpr std::size_t k_values = 256;

/// Q5_K: 256 values in 176 bytes, 5.5 bits per weight; 8 sub-blocks b of 32.
///   byte 0  1    2  3      4 .. 15     16 .. 47  48 .. 175
///        d(f16)  dmin(f16) scales[12]  high[32]  nibbles[128]    (scales: k_scales.hpp)
///   nibbles: 4 groups g of 32 bytes; low nibbles: sub-block 2g, high nibbles: sub-block 2g + 1
///   high[j]: bit b is the fifth bit of value j of sub-block b
///   value = (d * scale[b]) * (nibble + 16 * bit) - (dmin * minimum[b])
/// Rounding: the code is the nearest for the stored d, dmin, scale and minimum.
struct Block {
  std::uint16_t d;
  std::uint16_t dmin;
  std::uint8_t scales[12];
  std::uint8_t high[32];
  std::uint8_t nibbles[k_values / 2];
};
static_assert(sizeof(Block) == 176);

void unpack(const Block& block, std::uint8_t* q) {
  for (std::size_t b = 0; b < 8; ++b) {
    for (std::size_t j = 0; j < 32; ++j) {
      const int nibble = (block.nibbles[b / 2 * 32 + j] >> (b % 2 * 4)) & 15;
      q[b * 32 + j] = static_cast<std::uint8_t>(nibble + 16 * ((block.high[j] >> b) & 1));
    }
  }
}

void decode(const std::byte* row, std::size_t k, float* out) {
  for (std::size_t i = 0; i < k / k_values; ++i) {
    const auto block = load_block<Block>(row, i);
    const SubBlockScales scales = unpack_scales(block.scales);
    std::uint8_t q[k_values];
    unpack(block, q);
    for (std::size_t j = 0; j < k_values; ++j) {
      const std::size_t b = j / 32;
      const float scale = f16_to_f32(block.d) * static_cast<float>(scales.scale[b]);
      const float minimum = f16_to_f32(block.dmin) * static_cast<float>(scales.minimum[b]);
      out[i * k_values + j] = scale * static_cast<float>(q[j]) - minimum;
    }
  }
}

void encode(const float* values, std::size_t k, std::byte* row) {
  for (std::size_t i = 0; i < k / k_values; ++i) {
    const SubBlockFit fit = fit_sub_blocks(values + i * k_values, 31);
    Block block{f32_to_f16(fit.d), f32_to_f16(fit.dmin), {}, {}, {}};
    pack_scales(fit.scales, block.scales);
    for (std::size_t b = 0; b < 8; ++b) {
      for (std::size_t j = 0; j < 32; ++j) {
        const int q = fit.q[b * 32 + j];
        std::uint8_t& nibbles = block.nibbles[b / 2 * 32 + j];
        nibbles = static_cast<std::uint8_t>(nibbles | ((q & 15) << (b % 2 * 4)));
        block.high[j] = static_cast<std::uint8_t>(block.high[j] | ((q >> 4) << b));
      }
    }
    store_block(row, i, block);
  }
}

/// Codes uniform over 0 .. 31 (deviation 9.23) around their middle, scales over 32 .. 63.
void fill_random(std::uint64_t seed, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(seed);
  const float d = deviation / (9.23F * 48.0F);
  for (std::size_t i = 0; i < k / k_values; ++i) {
    Block block{};
    random.fill(&block, sizeof(block));
    block.d = f32_to_f16(d);
    block.dmin = f32_to_f16(d * 15.5F);
    SubBlockScales scales = unpack_scales(block.scales);
    for (std::size_t b = 0; b < 8; ++b) {
      scales.scale[b] |= 32;
      scales.minimum[b] = scales.scale[b];
    }
    pack_scales(scales, block.scales);
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
    const SubBlockScales sub = unpack_scales(block.scales);
    std::uint8_t q[k_values];
    unpack(block, q);
    for (std::size_t b = 0; b < 8; ++b) {
      const std::int8_t* c = codes + i * k_values + b * 32;
      const auto x_scale = static_cast<double>(scales[i * 8 + b]);
      sum += static_cast<double>(f16_to_f32(block.d)) * sub.scale[b] * x_scale *
             integer_dot(q + b * 32, c, 32);
      sum -= static_cast<double>(f16_to_f32(block.dmin)) * sub.minimum[b] * x_scale *
             integer_sum(c, 32);
    }
  }
  return sum;
}

}  // namespace

constinit const FormatDefinition k_q5_k_definition{WeightFormat::q5_k, true, decode, encode,
                                                   fill_random,        dot};

}  // namespace assay
