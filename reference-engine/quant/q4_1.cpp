#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {
namespace {

/// Q4_1: 32 values in 20 bytes, 5 bits per weight.
///   byte 0  1   2  3   4 .. 19
///        d(f16) m(f16) nibbles[16]    low nibble of byte j: value j, high nibble: value j + 16
///                                     value = d * nibble + m
/// Rounding: m = the least value, d = (greatest - least) / 15, nibble = nearest of (x - m) / d.
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

  static void unpack(const Block& block, BlockValues<Q41>& out) {
    unpack_nibbles(block.nibbles, out.q);
    out.scale[0] = f16_to_f32(block.d);
    out.offset[0] = f16_to_f32(block.m);
  }

  static Block encode(const float* x) {
    const Range range = range_of(x, k_values);
    const float d = (range.high - range.low) / 15.0F;
    const float inverse = d > 0.0F ? 1.0F / d : 0.0F;
    int q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) {
      q[j] = rounded_within((x[j] - range.low) * inverse, 0, 15);
    }
    Block block{f32_to_f16(d), f32_to_f16(range.low), {}};
    pack_nibbles(q, block.nibbles);
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
