#include "reference-engine/quant/code_tables.hpp"
#include "reference-engine/quant/half.hpp"
#include "reference-engine/quant/scaled_block.hpp"
#include "reference-engine/quant/scaled_fit.hpp"

namespace assay {
namespace {

/// IQ4_XS: 256 values in 136 bytes, 4.25 bits per weight; 8 sub-blocks b of 32.
///   byte 0  1   2  3           4 .. 7       8 .. 135
///        d(f16) high (uint16)  low[4]       nibbles[8][16]
///   scale[b]: bits 0-3 in nibble b % 2 of low[b / 2], bits 4-5 in bits 2b and 2b + 1 of high
///   nibbles of sub-block b: low nibble of byte j: value j, high nibble: value j + 16
///   value = (d * (scale[b] - 32)) * k_nonlinear_codes[nibble]
/// Rounding: d and scales by search (scaled_fit.hpp); the code is the nearest for the stored ones.
struct Iq4Xs {
  static constexpr WeightFormat k_format = WeightFormat::iq4_xs;
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint16_t d;
    std::uint16_t high;
    std::uint8_t low[4];
    std::uint8_t nibbles[8][16];
  };
  static_assert(sizeof(Block) == 136);
  static constexpr ScaleFields k_scale_fields{2, offsetof(Block, d), offsetof(Block, d)};

  static void unpack(const Block& block, BlockValues<Iq4Xs>& out) {
    for (std::size_t b = 0; b < 8; ++b) {
      const int low = (block.low[b / 2] >> (b % 2 * 4)) & 15;
      const int high = (block.high >> (2 * b)) & 3;
      out.scale[b] = f16_to_f32(block.d) * static_cast<float>((low | (high << 4)) - 32);
      unpack_nibbles(block.nibbles[b], out.q + b * 32);
    }
    for (std::int8_t& q : out.q) q = k_nonlinear_codes[q];
  }

  static Block encode(const float* x) {
    const ScaledFit fit = fit_scaled(x, k_nonlinear, {k_group, -32, 31});
    Block block{f32_to_f16(fit.d), 0, {}, {}};
    for (std::size_t b = 0; b < 8; ++b) {
      const int stored = fit.scale[b] + 32;
      block.low[b / 2] =
          static_cast<std::uint8_t>(block.low[b / 2] | ((stored & 15) << (b % 2 * 4)));
      block.high = static_cast<std::uint16_t>(block.high | ((stored >> 4) << (2 * b)));
      std::uint8_t q[32];
      for (std::size_t j = 0; j < 32; ++j) q[j] = k_nonlinear.index(fit.codes[b * 32 + j]);
      pack_nibbles(q, block.nibbles[b]);
    }
    return block;
  }

  /// Scales uniform over -32 .. 31 (root mean square 18.5), each code as often.
  static void randomise(Block& block, float deviation, RandomBits&) {
    block.d = f32_to_f16(deviation / (18.5F * k_nonlinear_deviation));
  }
};

}  // namespace

constinit const FormatDefinition k_iq4_xs_definition = definition_of<Iq4Xs>();

}  // namespace assay
