#include "reference-engine/quant/k_scales.hpp"

namespace assay {
namespace {

/// Q5_K: 256 values in 176 bytes, 5.5 bits per weight; 8 sub-blocks b of 32.
///   byte 0  1    2  3      4 .. 15     16 .. 47  48 .. 175
///        d(f16)  dmin(f16) scales[12]  high[32]  nibbles[128]    (scales: k_scales.hpp)
///   nibbles: 4 groups g of 32 bytes; low nibbles: sub-block 2g, high nibbles: sub-block 2g + 1
///   high[j]: bit b is the fifth bit of value j of sub-block b
///   value = (d * scale[b]) * (nibble + 16 * bit) - (dmin * minimum[b])
/// Rounding: d, dmin, scales and minimums by search (lined_fit.hpp); the code is the nearest for
/// the stored ones.
struct Q5K : SubBlockFormat<Q5K> {
  static constexpr WeightFormat k_format = WeightFormat::q5_k;
  static constexpr int k_highest = 31;

  struct Block {
    std::uint16_t d;
    std::uint16_t dmin;
    std::uint8_t scales[12];
    std::uint8_t high[32];
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 176);

  static void unpack_codes(const Block& block, std::int8_t* q) {
    for (std::size_t j = 0; j < k_values; ++j) {
      const int nibble = (block.nibbles[j / 64 * 32 + j % 32] >> (j / 32 % 2 * 4)) & 15;
      const int bit = (block.high[j % 32] >> (j / 32)) & 1;
      q[j] = static_cast<std::int8_t>(nibble + 16 * bit);
    }
  }

  static void pack_codes(const std::uint8_t* q, Block& block) {
    for (std::size_t j = 0; j < k_values; ++j) {
      std::uint8_t& nibbles = block.nibbles[j / 64 * 32 + j % 32];
      std::uint8_t& high = block.high[j % 32];
      nibbles = static_cast<std::uint8_t>(nibbles | ((q[j] & 15) << (j / 32 % 2 * 4)));
      high = static_cast<std::uint8_t>(high | ((q[j] >> 4) << (j / 32)));
    }
  }
};

}  // namespace

constinit const FormatDefinition k_q5_k_definition = definition_of<Q5K>();

}  // namespace assay
