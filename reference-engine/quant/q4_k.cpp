#include "reference-engine/quant/k_scales.hpp"

namespace assay {
namespace {

/// Q4_K: 256 values in 144 bytes, 4.5 bits per weight; 8 sub-blocks b of 32.
///   byte 0  1    2  3      4 .. 15     16 .. 143
///        d(f16)  dmin(f16) scales[12]  nibbles[128]    (scales: k_scales.hpp)
///   nibbles: 4 groups g of 32 bytes; low nibbles: sub-block 2g, high nibbles: sub-block 2g + 1
///   value = (d * scale[b]) * nibble - (dmin * minimum[b])
/// Rounding: d, dmin, scales and minimums by search (lined_fit.hpp); the code is the nearest for
/// the stored ones.
struct Q4K : SubBlockFormat<Q4K> {
  static constexpr WeightFormat k_format = WeightFormat::q4_k;
  static constexpr int k_highest = 15;

  struct Block {
    std::uint16_t d;
    std::uint16_t dmin;
    std::uint8_t scales[12];
    std::uint8_t nibbles[k_values / 2];
  };
  static_assert(sizeof(Block) == 144);

  static void unpack_codes(const Block& block, std::int8_t* q) {
    for (std::size_t j = 0; j < k_values; ++j) {
      const int nibbles = block.nibbles[j / 64 * 32 + j % 32];
      q[j] = static_cast<std::int8_t>((nibbles >> (j / 32 % 2 * 4)) & 15);
    }
  }

  static void pack_codes(const std::uint8_t* q, Block& block) {
    for (std::size_t j = 0; j < k_values; ++j) {
      std::uint8_t& nibbles = block.nibbles[j / 64 * 32 + j % 32];
      nibbles = static_cast<std::uint8_t>(nibbles | (q[j] << (j / 32 % 2 * 4)));
    }
  }
};

}  // namespace

constinit const FormatDefinition k_q4_k_definition = definition_of<Q4K>();

}  // namespace assay
