#include "reference-engine/quant/code_tables.hpp"
#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {
namespace {

/// IQ4_NL: 32 values in 18 bytes, 4.5 bits per weight.
///   byte 0  1   2 .. 17
///        d(f16) nibbles[16]    low nibble of byte j: value j, high nibble: value j + 16
///                              value = d * k_nonlinear_codes[nibble]
/// Rounding: d by search (code_search.hpp); the nibble is that of the nearest code for the stored
/// d.
struct Iq4Nl {
  static constexpr WeightFormat k_format = WeightFormat::iq4_nl;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint16_t d;
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 18);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Iq4Nl>& out) {
    unpack_nibbles(block.nibbles, out.q);
    for (std::int8_t& q : out.q) q = k_nonlinear_codes[q];
    out.scale[0] = f16_to_f32(block.d);
  }

  static Block encode(const float* x) {
    const auto fit = fit_one_scale<k_values>(x, k_nonlinear);
    std::uint8_t q[k_values];
    for (std::size_t j = 0; j < k_values; ++j) q[j] = k_nonlinear.index(fit.codes[j]);
    Block block{fit.d, {}};
    pack_nibbles(q, block.nibbles);
    return block;
  }

  /// Each code as often; a random sign of d brings the mean to zero.
  static void randomise(Block& block, float deviation, RandomBits& random) {
    const float d = deviation / k_nonlinear_deviation;
    block.d = f32_to_f16((random.next() & 1) != 0 ? d : -d);
  }
};

}  // namespace

constinit const FormatDefinition k_iq4_nl_definition = definition_of<Iq4Nl>();

}  // namespace assay
