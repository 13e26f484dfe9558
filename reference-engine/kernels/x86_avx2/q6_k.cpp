#include "reference-engine/kernels/x86_avx2/integer_product.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

/// A block of a panel:
///   d[16] (f16)  scales[16][16] (int8)  codes[2][8] of { low[16][4] low_32_later[16][4]
///   high[16][4] }
/// Each field is that of the stored rows, interleaved by 1 (scales) or 4 bytes; the codes lie in
/// the order in which they are read, which decides whether the processor fetches them in time.
struct Q6K {
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_row_bytes = 210;
  static constexpr std::size_t k_block_bytes = k_rows * k_row_bytes;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = 4;
  static constexpr std::size_t k_at_once = 1;
  static constexpr std::size_t k_scales = 32;  // offsets in a block of a panel
  static constexpr std::size_t k_codes = k_scales + 16 * k_rows;
  static constexpr std::size_t k_group = 192;  // bytes of the codes of 4 values of each quarter

  struct Unpacked {
    std::uint8_t codes[k_chunk / 4][k_rows][4];     // weight + 32
    std::int16_t scales[k_chunk / 16][k_rows][2];   // twice, for both sums of a lane
    std::int16_t offsets[k_chunk / 32][k_rows][2];  // -32 * the two scales of 32 values
    float d[k_chunk / k_values][k_rows];
  };

  /// Codes of 8 rows x 4 values of each quarter of a half block.
  static void quarters(const std::byte* group, __m256i (&q)[4]) {
    const __m256i four = _mm256_set1_epi8(15);
    const __m256i two = _mm256_set1_epi8(48);
    const __m256i a = load(group);
    const __m256i b = load(group + 64);
    const __m256i high = load(group + 128);
    q[0] = _mm256_or_si256(_mm256_and_si256(a, four),
                           _mm256_and_si256(_mm256_slli_epi16(high, 4), two));
    q[1] = _mm256_or_si256(_mm256_and_si256(b, four),
                           _mm256_and_si256(_mm256_slli_epi16(high, 2), two));
    q[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(a, 4), four),
                           _mm256_and_si256(high, two));
    q[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(b, 4), four),
                           _mm256_and_si256(_mm256_srli_epi16(high, 2), two));
  }

  static __m256i wide_scales(const std::byte* block, std::size_t sixteen, std::size_t half) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(
        reinterpret_cast<const __m128i*>(block + k_scales + sixteen * k_rows + half * 8)));
  }

  /// Two int16 in each lane: `first` below, `second` above.
  static __m256i pair(__m256i first, __m256i second) {
    return _mm256_blend_epi16(first, _mm256_slli_epi32(second, 16), 0xAA);
  }

  static void unpack(const std::byte* panel, std::size_t blocks, Unpacked& out) {
    for (std::size_t i = 0; i < blocks; ++i, panel += k_block_bytes) {
      for (std::size_t half = 0; half < 2; ++half) {
        _mm256_store_ps(out.d[i] + half * 8, load_halves(panel + half * 16));
        for (std::size_t b = 0; b < 8; ++b) {
          const __m256i first = wide_scales(panel, 2 * b, half);
          const __m256i second = wide_scales(panel, 2 * b + 1, half);
          store(out.scales[i * 16 + 2 * b][half * 8], pair(first, first));
          store(out.scales[i * 16 + 2 * b + 1][half * 8], pair(second, second));
          store(out.offsets[i * 8 + b][half * 8],
                _mm256_mullo_epi16(pair(first, second), _mm256_set1_epi16(-32)));
        }
      }
      for (std::size_t group = 0; group < 16; ++group) {
        std::uint8_t* codes = out.codes[i * 64 + group / 8 * 32 + group % 8][0];
        for (std::size_t at = 0; at < 64; at += 32) {
          __m256i q[4];
          quarters(panel + k_codes + group * k_group + at, q);
#pragma GCC unroll 4
          for (std::size_t n = 0; n < 4; ++n) store(codes + n * 512 + at, q[n]);
        }
      }
    }
  }

  /// 4 products of a 6-bit code fit an int16: 4 * 63 * 127 = 32004; 16 values have one scale.
  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    for (std::size_t s = 0; s < blocks; ++s) {
      alignas(32) float parts[N * k_rows] = {};
      for (std::size_t b = s * 8; b < s * 8 + 8; ++b) {
        __m256i sums[N][2];
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i pair_of_sums = broadcast4(x.sums + i * (x.k / 16) + b * 2);
          sums[i][0] = _mm256_madd_epi16(load(weights.offsets[b][0]), pair_of_sums);
          sums[i][1] = _mm256_madd_epi16(load(weights.offsets[b][8]), pair_of_sums);
        }
        const std::int8_t* codes = x.codes + b * 32;
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 8; j += 2) {
          const std::int16_t(*scales)[2] = weights.scales[b * 2 + j / 4];
#pragma GCC unroll 2
          for (std::size_t half = 0; half < 2; ++half) {
            const __m256i w0 = load(weights.codes[b * 8 + j][half * 8]);
            const __m256i w1 = load(weights.codes[b * 8 + j + 1][half * 8]);
            const __m256i scale = load(scales[half * 8]);
#pragma GCC unroll 8
            for (std::size_t i = 0; i < N; ++i) {
              const __m256i a0 = broadcast4(codes + i * x.k + j * 4);
              const __m256i a1 = broadcast4(codes + i * x.k + j * 4 + 4);
              const __m256i products =
                  _mm256_add_epi16(_mm256_maddubs_epi16(w0, a0), _mm256_maddubs_epi16(w1, a1));
              sums[i][half] = _mm256_add_epi32(sums[i][half], _mm256_madd_epi16(products, scale));
              pin(sums[i][half]);
            }
          }
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256 scale = _mm256_broadcast_ss(x.scales + i * (x.k / 32) + b);
          float* to = parts + i * k_rows;
          _mm256_store_ps(
              to, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i][0]), scale, _mm256_load_ps(to)));
          _mm256_store_ps(to + 8, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i][1]), scale,
                                                  _mm256_load_ps(to + 8)));
        }
      }
      for (std::size_t half = 0; half < k_rows; half += 8) {
        const __m256 d = _mm256_load_ps(weights.d[s] + half);
        for (std::size_t i = half; i < N * k_rows; i += k_rows) {
          _mm256_store_ps(c + i,
                          _mm256_fmadd_ps(d, _mm256_load_ps(parts + i), _mm256_load_ps(c + i)));
        }
      }
    }
  }

  /// totals[quarter] += scale * products of 8 values of each quarter, for 8 rows.
  static void add_products(const std::byte* group, const std::int8_t* codes,
                           const __m256i (&scales)[4], __m256i (&totals)[4]) {
    __m256i q0[4];
    __m256i q1[4];
    quarters(group, q0);
    quarters(group + k_group, q1);
#pragma GCC unroll 4
    for (std::size_t n = 0; n < 4; ++n) {
      const __m256i products =
          _mm256_add_epi16(_mm256_maddubs_epi16(q0[n], broadcast4(codes + n * 32)),
                           _mm256_maddubs_epi16(q1[n], broadcast4(codes + n * 32 + 4)));
      totals[n] = _mm256_add_epi32(totals[n], _mm256_madd_epi16(products, scales[n]));
      pin(totals[n]);
    }
  }

  /// Half `h` of a block (128 values) times one column, without d.
  static void half_block(const std::byte* block, std::size_t h, const Columns& x,
                         __m256 (&parts)[2]) {
    __m256i totals[2][4];
    __m256i scales[2][2][4];  // of the first and second 16 values of a quarter, for 8 rows each
#pragma GCC unroll 2
    for (std::size_t rows = 0; rows < 2; ++rows) {
#pragma GCC unroll 4
      for (std::size_t n = 0; n < 4; ++n) {
        const std::size_t sixteen = h * 8 + n * 2;
        const __m256i first = wide_scales(block, sixteen, rows);
        const __m256i second = wide_scales(block, sixteen + 1, rows);
        scales[0][rows][n] = pair(first, first);
        scales[1][rows][n] = pair(second, second);
        totals[rows][n] =
            _mm256_madd_epi16(_mm256_mullo_epi16(pair(first, second), _mm256_set1_epi16(-32)),
                              broadcast4(x.sums + sixteen));
      }
    }
    const std::byte* groups = block + k_codes + h * 8 * k_group;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 8; j += 2) {
#pragma GCC unroll 2
      for (std::size_t rows = 0; rows < 2; ++rows) {
        add_products(groups + j * k_group + rows * 32, x.codes + h * 128 + j * 4,
                     scales[j / 4][rows], totals[rows]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t n = 0; n < 4; ++n) {
      const __m256 scale = _mm256_broadcast_ss(x.scales + h * 4 + n);
      parts[0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(totals[0][n]), scale, parts[0]);
      parts[1] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(totals[1][n]), scale, parts[1]);
    }
  }

  static void column(const std::byte* block, const Columns& x, __m256 (&sums)[2]) {
    __m256 parts[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    half_block(block, 0, x, parts);
    half_block(block, 1, x, parts);
    sums[0] = _mm256_fmadd_ps(load_halves(block), parts[0], sums[0]);
    sums[1] = _mm256_fmadd_ps(load_halves(block + 16), parts[1], sums[1]);
  }
};

void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  const std::size_t row_bytes = k / Q6K::k_values * Q6K::k_row_bytes;
  for (std::size_t i = 0; i < k / Q6K::k_values; ++i) {
    interleave(rows_in + 208, rows, row_bytes, 2, 2, panel);
    interleave(rows_in + 192, rows, row_bytes, 16, 1, panel + Q6K::k_scales);
    for (std::size_t group = 0; group < 16; ++group) {
      const std::byte* low = rows_in + group / 8 * 64 + group % 8 * 4;
      const std::byte* high = rows_in + 128 + group * 4;
      std::byte* codes = panel + Q6K::k_codes + group * Q6K::k_group;
      interleave(low, rows, row_bytes, 4, 4, codes);
      interleave(low + 32, rows, row_bytes, 4, 4, codes + 64);
      interleave(high, rows, row_bytes, 4, 4, codes + 128);
    }
    rows_in += Q6K::k_row_bytes;
    panel += Q6K::k_block_bytes;
  }
}

void decode_row(const std::byte* panel, std::size_t row, std::size_t k, float* out) {
  for (std::size_t i = 0; i < k / Q6K::k_values; ++i, panel += Q6K::k_block_bytes) {
    const float d = half_to_float(panel + row * 2);
    for (std::size_t v = 0; v < Q6K::k_values; ++v) {
      const std::size_t quarter = v % 128 / 32;
      const std::size_t l = v % 32;
      const std::byte* group = panel + Q6K::k_codes + (v / 128 * 8 + l / 4) * Q6K::k_group;
      const std::size_t at = row * 4 + l % 4;
      const auto low = static_cast<int>(group[quarter % 2 * 64 + at]);
      const auto high = static_cast<int>(group[128 + at]);
      const int q = (((low >> (quarter / 2 * 4)) & 15) | (((high >> (quarter * 2)) & 3) << 4)) - 32;
      const auto scale = static_cast<std::int8_t>(panel[Q6K::k_scales + v / 16 * k_rows + row]);
      out[i * Q6K::k_values + v] = d * static_cast<float>(scale) * static_cast<float>(q);
    }
  }
}

}  // namespace

constinit const KernelTable k_avx2_q6_k{
    .isa = "avx2",
    .formats = {{14, k_rows, true, pack, decode_row, multiply<Q6K>, multiply_streams<Q6K>}}};

}  // namespace assay
