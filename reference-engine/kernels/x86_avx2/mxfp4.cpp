#include "reference-engine/kernels/x86_avx2/small_blocks.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

// Twice the values of E2M1, and 12 more to make them unsigned.
alignas(16) constexpr std::uint8_t k_e2m1_and_12[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                                        12, 11, 10, 9,  8,  6,  4,  0};

/// A block of a panel: e[16]  nibbles[4][16][4]
struct Mxfp4 {
  static constexpr std::uint32_t k_format = 39;
  static constexpr std::size_t k_row_bytes = 17;
  static constexpr std::size_t k_codes = 16;
  static constexpr bool k_signed = false;
  static constexpr int k_highest = 24;
  static constexpr std::int16_t k_offset = -12;
  static constexpr bool k_minimums = false;
  static constexpr bool k_as_stored = false;

  /// 2^(e - 128): the exponent field e - 1, or a subnormal for e = 0 and 1.
  static __m256 scale(const std::byte* block, std::size_t half) {
    const __m256i e =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(block + half * 8)));
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
    const __m256i subnormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    const __m256i is_normal = _mm256_cmpgt_epi32(e, _mm256_set1_epi32(1));
    return _mm256_castsi256_ps(_mm256_blendv_epi8(subnormal, normal, is_normal));
  }

  static __m256i codes(const std::byte* block, std::size_t group, std::size_t half) {
    const __m128i table = _mm_load_si128(reinterpret_cast<const __m128i*>(k_e2m1_and_12));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table),
                               nibble_codes(block + k_codes, group, half));
  }

  static void pack(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                   std::byte* block) {
    interleave(from, rows, row_bytes, 1, 1, block);
    interleave(from + 1, rows, row_bytes, 16, 4, block + k_codes);
  }

  static void decode(const std::byte* block, std::size_t row, float* out) {
    alignas(32) float d[8];
    _mm256_store_ps(d, scale(block, row / 8));
    for (std::size_t j = 0; j < 32; ++j) {
      const int code = k_e2m1_and_12[nibble_code(block + k_codes, row, j)] - 12;
      out[j] = d[row % 8] * static_cast<float>(code);
    }
  }
};

}  // namespace

constinit const KernelTable k_avx2_mxfp4{.isa = "avx2", .formats = {small_block_kernels<Mxfp4>()}};

}  // namespace assay
