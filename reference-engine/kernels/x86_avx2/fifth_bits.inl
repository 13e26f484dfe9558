// The fifth bits of Q5_0 and Q5_1 in a block of a panel: high[16][4]. A stored block has those of
// values 0 .. 31 in order; here bit g of byte i is that of value 4g + i, so that one shift brings
// the bits of a group to their codes.
#include "reference-engine/kernels/x86_avx2/small_blocks.inl"

namespace assay {
namespace {

inline __m256i five_bit_codes(const std::byte* high, std::size_t group, std::size_t half) {
  const __m256i bits = load(high + half * 32);
  const __m256i fifth = group < 4 ? _mm256_slli_epi16(bits, static_cast<int>(4 - group))
                                  : _mm256_srli_epi16(bits, static_cast<int>(group - 4));
  return _mm256_or_si256(nibble_codes(high + 64, group, half),
                         _mm256_and_si256(fifth, _mm256_set1_epi8(16)));
}

inline int five_bit_code(const std::byte* high, std::size_t row, std::size_t value) {
  const int fifth = (static_cast<int>(high[row * 4 + value % 4]) >> (value / 4)) & 1;
  return nibble_code(high + 64, row, value) | (fifth << 4);
}

/// Fifth bits and nibbles of stored blocks, `row_bytes` apart.
inline void pack_five_bits(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                           std::byte* high) {
  for (std::size_t r = 0; r < k_rows; ++r) {
    for (std::size_t i = 0; i < 4; ++i) {
      unsigned bits = 0;
      for (std::size_t g = 0; r < rows && g < 8; ++g) {
        const std::size_t value = 4 * g + i;
        bits |= ((static_cast<unsigned>(from[r * row_bytes + value / 8]) >> (value % 8)) & 1U) << g;
      }
      high[r * 4 + i] = static_cast<std::byte>(bits);
    }
  }
  interleave(from + 4, rows, row_bytes, 16, 4, high + 64);
}

}  // namespace
}  // namespace assay
