#include "reference-engine/quant/code_search.hpp"
#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {
namespace {

/// Q4_0: 32 values in 18 bytes, 4.5 bits per weight.
///   byte 0  1   2 .. 17
///        d(f16) nibbles[16]    low nibble of byte j: value j, high nibble: value j + 16
///                              value = d * (nibble - 8)
/// Rounding: d by search (code_search.hpp); nibble = nearest of x / d + 8 for the stored d.
struct Q40 {
  static constexpr WeightFormat k_format = WeightFormat::q4_0;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint16_t d;
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 18);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Q40>& out) {
    unpack_nibbles(block.nibbles, out.q);
    for (std::int8_t& q : out.q) q = static_cast<std::int8_t>(q - 8);
    out.scale[0] = f16_to_f32(block.d);
  }

  static Block encode(const float* x) {
    const auto fit = fit_one_scale<k_values>(x, IntegerCodes{-8.0F, 7.0F});
    int q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) q[j] = static_cast<int>(fit.codes[j]) + 8;
    Block block{fit.d, {}};
    pack_nibbles(q, block.nibbles);
    return block;
  }

  /// Codes uniform over -8 .. 7 (deviation 4.61); a random sign of d brings the mean to zero.
  static void randomise(Block& block, float deviation, RandomBits& random) {
    const float d = deviation / 4.61F;
    block.d = f32_to_f16((random.next() & 1) != 0 ? d : -d);
  }
};

}  // namespace

constinit const FormatDefinition k_q4_0_definition = definition_of<Q40>();

}  // namespace assay
