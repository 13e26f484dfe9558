#include "reference-engine/kernels/x86_avx2/integer_product.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

/// |w| * sign(w) a: 8-bit weights leave no room for an offset. A pair is at most
/// 2 * 128 * 127 = 32512, so that it must go to int32 before anything is added.
inline __m256i products(__m256i magnitude, __m256i weights, __m256i codes, __m256i ones) {
  const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(codes, weights));
  return _mm256_madd_epi16(pairs, ones);
}

/// A block of a panel:
///   d[16] (f16)   q[8][16][4] (int8)
struct Q80 {
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_block_bytes = 16 * 34;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = 4;
  static constexpr std::size_t k_at_once = 4;

  struct Unpacked {
    const std::byte* blocks;  // used as they are
  };

  static void unpack(const std::byte* panel, std::size_t, Unpacked& out) { out.blocks = panel; }

  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    const __m256i ones = _mm256_set1_epi16(1);
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::byte* block = weights.blocks + b * k_block_bytes;
      __m256i sums[N][2];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) sums[i][0] = sums[i][1] = _mm256_setzero_si256();
      const std::int8_t* codes = x.codes + b * 32;
#pragma GCC unroll 8
      for (std::size_t j = 0; j < 8; ++j) {
        const __m256i w0 = load(block + 32 + j * 64);
        const __m256i w1 = load(block + 64 + j * 64);
        const __m256i m0 = _mm256_abs_epi8(w0);
        const __m256i m1 = _mm256_abs_epi8(w1);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i a = broadcast4(codes + i * x.k + j * 4);
          sums[i][0] = _mm256_add_epi32(sums[i][0], products(m0, w0, a, ones));
          pin(sums[i][0]);
          sums[i][1] = _mm256_add_epi32(sums[i][1], products(m1, w1, a, ones));
          pin(sums[i][1]);
        }
      }
      const __m256 d0 = load_halves(block);
      const __m256 d1 = load_halves(block + 16);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        const __m256 scale = _mm256_broadcast_ss(x.scales + i * (x.k / 32) + b);
        float* to = c + i * k_rows;
        _mm256_store_ps(to, _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[i][0]), scale),
                                            d0, _mm256_load_ps(to)));
        _mm256_store_ps(to + 8,
                        _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[i][1]), scale), d1,
                                        _mm256_load_ps(to + 8)));
      }
    }
  }

  static void column(const std::byte* block, const Columns& x, __m256 (&sums)[2]) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i s0 = _mm256_setzero_si256();
    __m256i s1 = s0;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; ++j) {
      const __m256i a = broadcast4(x.codes + j * 4);
      const __m256i w0 = load(block + 32 + j * 64);
      const __m256i w1 = load(block + 64 + j * 64);
      s0 = _mm256_add_epi32(s0, products(_mm256_abs_epi8(w0), w0, a, ones));
      s1 = _mm256_add_epi32(s1, products(_mm256_abs_epi8(w1), w1, a, ones));
    }
    const __m256 scale = _mm256_broadcast_ss(x.scales);
    sums[0] =
        _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s0), scale), load_halves(block), sums[0]);
    sums[1] = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s1), scale), load_halves(block + 16),
                              sums[1]);
  }
};

void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  const std::size_t row_bytes = k / 32 * 34;
  for (std::size_t b = 0; b < k / 32; ++b, rows_in += 34, panel += Q80::k_block_bytes) {
    interleave(rows_in, rows, row_bytes, 2, 2, panel);
    interleave(rows_in + 2, rows, row_bytes, 32, 4, panel + 32);
  }
}

void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  for (std::size_t b = 0; b < k / 32; ++b, panel += Q80::k_block_bytes) {
    const float d = half_to_float(panel + row * 2);
    for (std::size_t j = 0; j < 32; ++j) {
      const auto q = static_cast<std::int8_t>(panel[32 + j / 4 * 64 + row * 4 + j % 4]);
      out[b * 32 + j] = d * static_cast<float>(q);
    }
  }
}

}  // namespace

constinit const KernelTable k_avx2_q8_0{
    .isa = "avx2",
    .formats = {{8, k_rows, true, pack, decode_row, multiply<Q80>, multiply_streams<Q80>}}};

}  // namespace assay
