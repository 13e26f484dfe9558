#include <algorithm>
#include <bit>
#include <cmath>

#include "reference-engine/quant/code_tables.hpp"
#include "reference-engine/quant/scaled_block.hpp"

namespace assay {
namespace {

/// 2^(e - 128): half of what the exponent stands for, since the codes are doubled. 0 and 1 give
/// subnormals. 255, which the OCP formats call not a number, goes on with the rule, as in ggml.
float half_of_e8m0(std::uint8_t e) {
  if (e < 2) return std::bit_cast<float>(0x00200000U << e);
  return std::bit_cast<float>((e - 1U) << 23);
}

/// MXFP4: 32 values in 17 bytes, 4.25 bits per weight (OCP Microscaling Formats 1.0).
///   byte 0         1 .. 16
///        e (E8M0)  nibbles[16]    low nibble of byte j: value j, high nibble: value j + 16
///                                 value = 2^(e - 128) * k_e2m1_codes[nibble]
/// Rounding: 2^(e - 127) = 2^(floor(log2 m) - 2) puts the largest magnitude m into the highest
/// binade; e is that one or a neighbour, whichever leaves the least error. The nibble is that of
/// the nearest code.
struct Mxfp4 {
  static constexpr WeightFormat k_format = WeightFormat::mxfp4;
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_group = 32;
  static constexpr bool k_has_offset = false;

  struct Block {
    std::uint8_t e;
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 17);
  static constexpr ScaleFields k_scale_fields{1, offsetof(Block, e), offsetof(Block, e)};

  static void unpack(const Block& block, BlockValues<Mxfp4>& out) {
    unpack_nibbles(block.nibbles, out.q);
    for (std::int8_t& q : out.q) q = k_e2m1_codes[q];
    out.scale[0] = half_of_e8m0(block.e);
  }

  static Block encode(const float* x) {
    const UnitBlock<k_values> unit(x);
    const float largest = std::fabs(largest_value(x, k_values));
    Block block{0, {}};
    if (!(largest > 0.0F) || !std::isfinite(largest)) return block;
    constexpr int k_highest_exponent = 254;
    float best_scale = 0.0F;
    float best_error = 0.0F;
    for (const int step : {0, 1, -1}) {
      const auto e = static_cast<std::uint8_t>(
          std::clamp(std::ilogb(largest) - 2 + 127 + step, 0, k_highest_exponent));
      const float scale = std::ldexp(half_of_e8m0(e), -unit.exponent);
      const float error = error_of_scale(unit.x, k_values, k_e2m1, scale);
      if (error < best_error) {
        block.e = e;
        best_scale = scale;
        best_error = error;
      }
    }
    std::uint8_t q[k_values];
    const float inverse = best_scale > 0.0F ? 1.0F / best_scale : 0.0F;
    for (std::size_t j = 0; j < k_values; ++j)
      q[j] = e2m1_nibble(k_e2m1.index(unit.x[j] * inverse));
    pack_nibbles(q, block.nibbles);
    return block;
  }

  /// Each code as often; the exponent is one of two neighbours, at random in the proportion that
  /// gives the mean square.
  static void randomise(Block& block, float deviation, RandomBits& random) {
    const float scale = deviation / k_e2m1_deviation;
    const int exponent = std::ilogb(scale);
    const float over = scale / std::ldexp(1.0F, exponent);  // 1 .. 2
    const float chance = (over * over - 1.0F) / 3.0F;
    const float drawn = static_cast<float>(random.next() >> 40) * 0x1p-24F;
    block.e = static_cast<std::uint8_t>(exponent + 128 + (drawn < chance ? 1 : 0));
  }
};

}  // namespace

constinit const FormatDefinition k_mxfp4_definition = definition_of<Mxfp4>();

}  // namespace assay
