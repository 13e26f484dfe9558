#include <algorithm>
#include <iterator>

#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"
#include "reference-engine/quant/scaled_fit.hpp"

namespace assay {
namespace {

/// Q6_K: 256 values in 210 bytes, 6.5625 bits per weight; 16 sub-blocks of 16.
///   byte 0 .. 127  128 .. 191  192 .. 207          208 209
///        low[128]  high[64]    scales[16] (int8)   d(f16)
///   Two halves h of 128 values (low + 64h, high + 32h); in a half, for l = 0 .. 31:
///     value l        low nibble of low[l]         bits 0-1 of high[l]
///     value l + 32   low nibble of low[l + 32]    bits 2-3
///     value l + 64   high nibble of low[l]        bits 4-5
///     value l + 96   high nibble of low[l + 32]   bits 6-7
///   value j = (d * scales[j / 16]) * ((nibble | bits << 4) - 32)
/// Rounding: d and scales by search (scaled_fit.hpp); the code is the nearest for the stored ones.
struct Q6K {
  static constexpr WeightFormat k_format = WeightFormat::q6_k;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_group = 16;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint8_t low[k_values / 2];
    std::uint8_t high[k_values / 4];
    std::int8_t scales[16];
    std::uint16_t d;
  };
  static_assert(sizeof(Block) == 210);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Q6K>& out) {
    for (std::size_t j = 0; j < k_values; ++j) {
      const std::size_t half = j / 128;
      const std::size_t quarter = j % 128 / 32;
      const std::size_t l = j % 32;
      const int low = block.low[half * 64 + quarter % 2 * 32 + l] >> (quarter / 2 * 4);
      const int high = block.high[half * 32 + l] >> (quarter * 2);
      out.q[j] = static_cast<std::int8_t>(((low & 15) | ((high & 3) << 4)) - 32);
    }
    for (std::size_t b = 0; b < 16; ++b) {
      out.scale[b] = f16_to_f32(block.d) * static_cast<float>(block.scales[b]);
    }
  }

  static void pack_codes(const std::int8_t* q, Block& block) {
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

  static Block encode(const float* x) {
    const ScaledFit fit = fit_scaled(x, IntegerCodes{-32.0F, 31.0F}, {k_group, -128, 127});
    Block block{};
    block.d = f32_to_f16(fit.d);
    std::copy(std::begin(fit.scale), std::end(fit.scale), block.scales);
    std::int8_t q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) q[j] = static_cast<std::int8_t>(fit.codes[j]);
    pack_codes(q, block);
    return block;
  }

  /// Codes uniform over -32 .. 31 (deviation 18.5), scales over +-(64 .. 127).
  static void randomise(Block& block, float deviation, RandomBits&) {
    for (std::int8_t& scale : block.scales) {
      const int magnitude = (scale & 63) + 64;
      scale = static_cast<std::int8_t>(scale < 0 ? -magnitude : magnitude);
    }
    block.d = f32_to_f16(deviation / (18.5F * 96.0F));
  }
};

}  // namespace

constinit const FormatDefinition k_q6_k_definition = definition_of<Q6K>();

}  // namespace assay
