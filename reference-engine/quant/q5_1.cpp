#include "reference-engine/quant/fifth_bits.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

/// Q5_1: 32 values in 24 bytes, 6 bits per weight.
///   byte 0  1   2  3   4 .. 7   8 .. 23
///        d(f16) m(f16) high[4]  nibbles[16]    (fifth_bits.hpp)
///   value j = d * code + m
/// Rounding: m = the least value, d = (greatest - least) / 31, code = nearest of (x - m) / d.
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

  static void unpack(const Block& block, BlockValues<Q51>& out) {
    unpack_five_bits(block.high, block.nibbles, out.q);
    out.scale[0] = f16_to_f32(block.d);
    out.offset[0] = f16_to_f32(block.m);
  }

  static Block encode(const float* x) {
    const Range range = range_of(x, k_values);
    const float d = (range.high - range.low) / 31.0F;
    const float inverse = d > 0.0F ? 1.0F / d : 0.0F;
    int q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) {
      q[j] = rounded_within((x[j] - range.low) * inverse, 0, 31);
    }
    Block block{f32_to_f16(d), f32_to_f16(range.low), {}, {}};
    pack_five_bits(q, block.high, block.nibbles);
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
