#include "reference-engine/quant/code_search.hpp"
#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {
namespace {

/// Q8_0: 32 values in 34 bytes, 8.5 bits per weight.
///   byte 0  1   2 .. 33
///        d(f16) q[32] (int8)          value j = d * q[j]
/// Rounding: d = max|x| / 127, q = nearest of x / d, halves away from zero.
struct Q80 {
  static constexpr WeightFormat k_format = WeightFormat::q8_0;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint16_t d;
    std::int8_t q[k_values];
  };
  static_assert(sizeof(Block) == 34);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Q80>& out) {
    std::memcpy(out.q, block.q, sizeof(block.q));
    out.scale[0] = f16_to_f32(block.d);
  }

  static Block encode(const float* x) {
    const float d = std::fabs(largest_value(x, k_values)) / 127.0F;
    const float inverse = d > 0.0F ? 1.0F / d : 0.0F;
    Block block{scale_to_f16(d), {}};
    for (std::size_t j = 0; j < k_values; ++j) {
      block.q[j] = static_cast<std::int8_t>(rounded_within(x[j] * inverse, -127, 127));
    }
    return block;
  }

  /// Codes uniform over -128 .. 127 (deviation 73.9).
  static void randomise(Block& block, float deviation, RandomBits&) {
    block.d = f32_to_f16(deviation / 73.9F);
  }
};

}  // namespace

constinit const FormatDefinition k_q8_0_definition = definition_of<Q80>();

}  // namespace assay
