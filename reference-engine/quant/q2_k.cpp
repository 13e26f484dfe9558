#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/lined_fit.hpp"
#include "reference-engine/quant/scaled_block.hpp"
#include "reference-engine/quant/two_bits.hpp"

namespace assay {
namespace {

/// Q2_K: 256 values in 84 bytes, 2.625 bits per weight; 16 sub-blocks b of 16.
///   byte 0 .. 15     16 .. 79    80 81    82 83
///        scales[16]  low[64]     d(f16)   dmin(f16)     (low: two_bits.hpp)
///   scales[b]: bits 0-3 the scale, bits 4-7 the minimum of sub-block b
///   value = (d * scale[b]) * code - (dmin * minimum[b]), code 0 .. 3
/// Rounding: d, dmin, scales and minimums by search (lined_fit.hpp); the code is the nearest for
/// the stored ones.
struct Q2K {
  static constexpr WeightFormat k_format = WeightFormat::q2_k;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_group = 16;
  static constexpr bool k_has_offset = true;

  struct Block {
    std::uint8_t scales[16];
    std::uint8_t low[k_values / 4];
    std::uint16_t d;
    std::uint16_t dmin;
  };
  static_assert(sizeof(Block) == 84);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, dmin)};

  static void unpack(const Block& block, BlockValues<Q2K>& out) {
    unpack_two_bits(block.low, out.q);
    for (std::size_t b = 0; b < 16; ++b) {
      out.scale[b] = f16_to_f32(block.d) * static_cast<float>(block.scales[b] & 15);
      out.offset[b] = -(f16_to_f32(block.dmin) * static_cast<float>(block.scales[b] >> 4));
    }
  }

  static Block encode(const float* x) {
    const LinedFit fit = fit_lined(x, {k_group, 3, 15});
    Block block{};
    block.d = f32_to_f16(fit.d);
    block.dmin = f32_to_f16(fit.dmin);
    for (std::size_t b = 0; b < 16; ++b) {
      block.scales[b] = static_cast<std::uint8_t>(fit.scale[b] | (fit.minimum[b] << 4));
    }
    std::int8_t q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) q[j] = static_cast<std::int8_t>(fit.codes[j]);
    pack_two_bits(q, block.low);
    return block;
  }

  /// Codes uniform over 0 .. 3 (deviation 1.118) around their middle, scales over 8 .. 15 (root
  /// mean square 11.7).
  static void randomise(Block& block, float deviation, RandomBits&) {
    for (std::uint8_t& scale : block.scales) {
      const int both = (scale & 7) | 8;
      scale = static_cast<std::uint8_t>(both | (both << 4));
    }
    const float d = deviation / (1.118F * 11.7F);
    block.d = f32_to_f16(d);
    block.dmin = f32_to_f16(d * 1.5F);
  }
};

}  // namespace

constinit const FormatDefinition k_q2_k_definition = definition_of<Q2K>();

}  // namespace assay
