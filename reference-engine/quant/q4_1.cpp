#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/line_search.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {
namespace {

/// Q4_1: 32 values in 20 bytes, 5 bits per weight.
///   byte 0  1   2  3   4 .. 19
///        d(f16) m(f16) nibbles[16]    low nibble of byte j: value j, high nibble: value j + 16
///                                     value = d * nibble + m
/// Rounding: d and m by search (line_search.hpp); nibble = nearest of (x - m) / d for the stored
/// ones.
struct Q41 {
  static constexpr WeightFormat k_format = WeightFormat::q4_1;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = true;

  struct Block {
    std::uint16_t d;
    std::uint16_t m;
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 20);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, m)};

  static void unpack(const Block& block, BlockValues<Q41>& out) {
    unpack_nibbles(block.nibbles, out.q);
    out.scale[0] = f16_to_f32(block.d);
    out.offset[0] = f16_to_f32(block.m);
  }

  static Block encode(const float* x) {
    const OneLineFit fit = fit_one_line(x, 15);
    Block block{fit.d, fit.m, {}};
    pack_nibbles(fit.codes, block.nibbles);
    return block;
  }

  /// Codes uniform over 0 .. 15 (deviation 4.61) around their middle.
  static void randomise(Block& block, float deviation, RandomBits&) {
    block.d = f32_to_f16(deviation / 4.61F);
    block.m = f32_to_f16(deviation / 4.61F * -7.5F);
  }
};

}  // namespace

constinit const FormatDefinition k_q4_1_definition = definition_of<Q41>();

}  // namespace assay
