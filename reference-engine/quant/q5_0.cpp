#include "reference-engine/quant/code_search.hpp"
#include "reference-engine/quant/fifth_bits.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

/// Q5_0: 32 values in 22 bytes, 5.5 bits per weight.
///   byte 0  1   2 .. 5   6 .. 21
///        d(f16) high[4]  nibbles[16]    (fifth_bits.hpp)
///   value j = d * (code - 16)
/// Rounding: d by search (code_search.hpp); code = nearest of x / d + 16 for the stored d.
struct Q50 {
  static constexpr WeightFormat k_format = WeightFormat::q5_0;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint16_t d;
    std::uint8_t high[4];
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 22);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Q50>& out) {
    unpack_five_bits(block.high, block.nibbles, out.q);
    for (std::int8_t& q : out.q) q = static_cast<std::int8_t>(q - 16);
    out.scale[0] = f16_to_f32(block.d);
  }

  static Block encode(const float* x) {
    const auto fit = fit_one_scale<k_values>(x, IntegerCodes{-16.0F, 15.0F});
    int q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) q[j] = static_cast<int>(fit.codes[j]) + 16;
    Block block{fit.d, {}, {}};
    pack_five_bits(q, block.high, block.nibbles);
    return block;
  }

  /// Codes uniform over -16 .. 15 (deviation 9.23); a random sign of d brings the mean to zero.
  static void randomise(Block& block, float deviation, RandomBits& random) {
    const float d = deviation / 9.23F;
    block.d = f32_to_f16((random.next() & 1) != 0 ? d : -d);
  }
};

}  // namespace

constinit const FormatDefinition k_q5_0_definition = definition_of<Q50>();

}  // namespace assay
