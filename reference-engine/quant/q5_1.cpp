#include "reference-engine/quant/fifth_bits.hpp"
#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/line_search.hpp"

namespace assay {
namespace {

/// Q5_1: 32 values in 24 bytes, 6 bits per weight.
///   byte 0  1   2  3   4 .. 7   8 .. 23
///        d(f16) m(f16) high[4]  nibbles[16]    (fifth_bits.hpp)
///   value j = d * code + m
/// Rounding: d and m by search (line_search.hpp); code = nearest of (x - m) / d for the stored
/// ones.
struct Q51 {
  static constexpr WeightFormat k_format = WeightFormat::q5_1;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = true;

  struct Block {
    std::uint16_t d;
    std::uint16_t m;
    std::uint8_t high[4];
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 24);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, m)};

  static void unpack(const Block& block, BlockValues<Q51>& out) {
    unpack_five_bits(block.high, block.nibbles, out.q);
    out.scale[0] = f16_to_f32(block.d);
    out.offset[0] = f16_to_f32(block.m);
  }

  static Block encode(const float* x) {
    const OneLineFit fit = fit_one_line(x, 31);
    Block block{fit.d, fit.m, {}, {}};
    pack_five_bits(fit.codes, block.high, block.nibbles);
    return block;
  }

  /// Codes uniform over 0 .. 31 (deviation 9.23) around their middle.
  static void randomise(Block& block, float deviation, RandomBits&) {
    block.d = f32_to_f16(deviation / 9.23F);
    block.m = f32_to_f16(deviation / 9.23F * -15.5F);
  }
};

}  // namespace

constinit const FormatDefinition k_q5_1_definition = definition_of<Q51>();

}  // namespace assay
