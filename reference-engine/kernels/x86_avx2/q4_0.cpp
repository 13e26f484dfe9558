#include "reference-engine/kernels/x86_avx2/integer_product.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

/// A block of a panel:
///   d[16] (f16)   nibbles[4][16][4]
/// Group g holds values 4g .. 4g+3 of 16 rows in low nibbles and 16 + 4g .. in high nibbles.
struct Q40 {
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_block_bytes = 16 * 18;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = 6;
  static constexpr std::size_t k_at_once = 4;

  struct Unpacked {
    std::uint8_t codes[k_chunk / 4][k_rows][4];  // nibble = weight + 8
    float d[k_chunk / k_values][k_rows];
  };

  static void unpack(const std::byte* panel, std::size_t blocks, Unpacked& out) {
    const __m256i low = _mm256_set1_epi8(15);
    for (std::size_t b = 0; b < blocks; ++b, panel += k_block_bytes) {
      _mm256_store_ps(out.d[b], load_halves(panel));
      _mm256_store_ps(out.d[b] + 8, load_halves(panel + 16));
      auto* codes = &out.codes[b * 8][0][0];
      for (std::size_t i = 0; i < 8; ++i) {
        const __m256i nibbles = load(panel + 32 + i * 32);
        store(codes + i * 32, _mm256_and_si256(nibbles, low));
        store(codes + 256 + i * 32, _mm256_and_si256(_mm256_srli_epi16(nibbles, 4), low));
      }
    }
  }

  /// 32 values: 8 products of a nibble and a code, 16 of them in one int16: at most
  /// 16 * 15 * 127 = 30480. The offset of 8 comes off as 8 * sum of the codes.
  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i offset = _mm256_set1_epi16(-8);
    for (std::size_t b = 0; b < blocks; ++b) {
      __m256i sums[N][2];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) sums[i][0] = sums[i][1] = _mm256_setzero_si256();
      const std::int8_t* codes = x.codes + b * 32;
#pragma GCC unroll 8
      for (std::size_t j = 0; j < 8; ++j) {
        const __m256i w0 = load(weights.codes[b * 8 + j][0]);
        const __m256i w1 = load(weights.codes[b * 8 + j][8]);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i a = broadcast4(codes + i * x.k + j * 4);
          sums[i][0] = _mm256_add_epi16(sums[i][0], _mm256_maddubs_epi16(w0, a));
          pin(sums[i][0]);
          sums[i][1] = _mm256_add_epi16(sums[i][1], _mm256_maddubs_epi16(w1, a));
          pin(sums[i][1]);
        }
      }
      const __m256 d0 = _mm256_load_ps(weights.d[b]);
      const __m256 d1 = _mm256_load_ps(weights.d[b] + 8);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        const __m256 scale = _mm256_broadcast_ss(x.scales + i * (x.k / 32) + b);
        const __m256i rest = _mm256_madd_epi16(broadcast4(x.sums + i * (x.k / 16) + b * 2), offset);
        const __m256i s0 = _mm256_add_epi32(_mm256_madd_epi16(sums[i][0], ones), rest);
        const __m256i s1 = _mm256_add_epi32(_mm256_madd_epi16(sums[i][1], ones), rest);
        float* to = c + i * k_rows;
        _mm256_store_ps(to, _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s0), scale), d0,
                                            _mm256_load_ps(to)));
        _mm256_store_ps(to + 8, _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s1), scale), d1,
                                                _mm256_load_ps(to + 8)));
      }
    }
  }

  static void column(const std::byte* block, const Columns& x, __m256 (&sums)[2]) {
    const __m256i low = _mm256_set1_epi8(15);
    __m256i s0 = _mm256_setzero_si256();
    __m256i s1 = s0;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      const __m256i a = broadcast4(x.codes + j * 4);
      const __m256i b = broadcast4(x.codes + 16 + j * 4);
      const __m256i n0 = load(block + 32 + j * 64);
      const __m256i n1 = load(block + 64 + j * 64);
      s0 = _mm256_add_epi16(s0, _mm256_maddubs_epi16(_mm256_and_si256(n0, low), a));
      s1 = _mm256_add_epi16(s1, _mm256_maddubs_epi16(_mm256_and_si256(n1, low), a));
      s0 = _mm256_add_epi16(
          s0, _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(n0, 4), low), b));
      s1 = _mm256_add_epi16(
          s1, _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(n1, 4), low), b));
    }
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i rest = _mm256_madd_epi16(broadcast4(x.sums), _mm256_set1_epi16(-8));
    const __m256 scale = _mm256_broadcast_ss(x.scales);
    s0 = _mm256_add_epi32(_mm256_madd_epi16(s0, ones), rest);
    s1 = _mm256_add_epi32(_mm256_madd_epi16(s1, ones), rest);
    sums[0] =
        _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s0), scale), load_halves(block), sums[0]);
    sums[1] = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s1), scale), load_halves(block + 16),
                              sums[1]);
  }
};

void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  const std::size_t row_bytes = k / 32 * 18;
  for (std::size_t b = 0; b < k / 32; ++b, rows_in += 18, panel += Q40::k_block_bytes) {
    interleave(rows_in, rows, row_bytes, 2, 2, panel);
    interleave(rows_in + 2, rows, row_bytes, 16, 4, panel + 32);
  }
}

void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  for (std::size_t b = 0; b < k / 32; ++b, panel += Q40::k_block_bytes) {
    const float d = half_to_float(panel + row * 2);
    for (std::size_t j = 0; j < 16; ++j) {
      const auto nibbles = static_cast<int>(panel[32 + j / 4 * 64 + row * 4 + j % 4]);
      out[b * 32 + j] = d * static_cast<float>((nibbles & 15) - 8);
      out[b * 32 + 16 + j] = d * static_cast<float>((nibbles >> 4) - 8);
    }
  }
}

}  // namespace

constinit const KernelTable k_avx2_q4_0{
    .isa = "avx2",
    .formats = {{2, k_rows, true, pack, decode_row, multiply<Q40>, multiply_streams<Q40>}}};

}  // namespace assay
