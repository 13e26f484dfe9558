#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"
#include "reference-engine/quant/scaled_fit.hpp"
#include "reference-engine/quant/two_bits.hpp"

namespace assay {
namespace {

/// Q3_K: 256 values in 110 bytes, 3.4375 bits per weight; 16 sub-blocks b of 16.
///   byte 0 .. 31   32 .. 95   96 .. 107   108 109
///        high[32]  low[64]    scales[12]  d(f16)        (low: two_bits.hpp)
///   high[l]: bit n is the third bit of value l + 32 n
///   scale[b]: bits 0-3 in scales[b % 8], its low nibble for b < 8, else its high one;
///             bits 4-5 in bits 2 (b / 4) and 2 (b / 4) + 1 of scales[8 + b % 4]
///   value = (d * (scale[b] - 32)) * (code - 4), code 0 .. 7
/// Rounding: d and scales by search (scaled_fit.hpp); the code is the nearest for the stored ones.
struct Q3K {
  static constexpr WeightFormat k_format = WeightFormat::q3_k;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_group = 16;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint8_t high[k_values / 8];
    std::uint8_t low[k_values / 4];
    std::uint8_t scales[12];
    std::uint16_t d;
  };
  static_assert(sizeof(Block) == 110);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Q3K>& out) {
    unpack_two_bits(block.low, out.q);
    for (std::size_t j = 0; j < k_values; ++j) {
      const int third = (block.high[j % 32] >> (j / 32)) & 1;
      out.q[j] = static_cast<std::int8_t>((out.q[j] | (third << 2)) - 4);
    }
    for (std::size_t b = 0; b < 16; ++b) {
      const int low = (block.scales[b % 8] >> (b / 8 * 4)) & 15;
      const int high = (block.scales[8 + b % 4] >> (b / 4 * 2)) & 3;
      out.scale[b] = f16_to_f32(block.d) * static_cast<float>((low | (high << 4)) - 32);
    }
  }

  static Block encode(const float* x) {
    const ScaledFit fit = fit_scaled(x, IntegerCodes{-4.0F, 3.0F}, {k_group, -32, 31});
    Block block{};
    block.d = f32_to_f16(fit.d);
    for (std::size_t b = 0; b < 16; ++b) {
      const int stored = fit.scale[b] + 32;
      std::uint8_t& low = block.scales[b % 8];
      std::uint8_t& high = block.scales[8 + b % 4];
      low = static_cast<std::uint8_t>(low | ((stored & 15) << (b / 8 * 4)));
      high = static_cast<std::uint8_t>(high | ((stored >> 4) << (b / 4 * 2)));
    }
    std::int8_t q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) {
      const int code = static_cast<int>(fit.codes[j]) + 4;
      q[j] = static_cast<std::int8_t>(code);
      block.high[j % 32] =
          static_cast<std::uint8_t>(block.high[j % 32] | ((code >> 2) << (j / 32)));
    }
    pack_two_bits(q, block.low);
    return block;
  }

  /// Codes uniform over -4 .. 3 (root mean square 2.35), scales over -32 .. 31 (18.5).
  static void randomise(Block& block, float deviation, RandomBits&) {
    block.d = f32_to_f16(deviation / (2.35F * 18.5F));
  }
};

}  // namespace

constinit const FormatDefinition k_q3_k_definition = definition_of<Q3K>();

}  // namespace assay
