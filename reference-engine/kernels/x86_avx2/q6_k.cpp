#include "reference-engine/kernels/x86_avx2/integer_product.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

/// A block of a panel:
///   d[16] (f16)  scales[16][16] (int8)  low[2][16][16][4]  high[2][8][16][4]
/// Each field is that of the stored rows, interleaved by 1 (scales) or 4 bytes.
struct Q6K {
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_row_bytes = 210;
  static constexpr std::size_t k_block_bytes = k_rows * k_row_bytes;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = 4;
  static constexpr std::size_t k_scales = 32;  // offsets in a block of a panel
  static constexpr std::size_t k_low = k_scales + 16 * k_rows;
  static constexpr std::size_t k_high = k_low + 128 * k_rows;

  struct Unpacked {
    std::uint8_t codes[k_chunk / 4][k_rows][4];     // weight + 32
    std::int16_t scales[k_chunk / 16][k_rows][2];   // twice, for both sums of a lane
    std::int16_t offsets[k_chunk / 32][k_rows][2];  // -32 * the two scales of 32 values
    float d[k_chunk / k_values][k_rows];
  };

  /// 8 rows x 4 codes: values 4j .. of sub-block `sub` (of 32 values), half `half` of the rows.
  static __m256i codes_of(const std::byte* block, std::size_t sub, std::size_t j,
                          std::size_t half) {
    const std::size_t quarter = sub % 4;
    const std::size_t group = sub / 4 * 16 + quarter % 2 * 8 + j;
    __m256i low = load(block + k_low + group * 64 + half * 32);
    if (quarter >= 2) low = _mm256_srli_epi16(low, 4);
    const __m256i bits = load(block + k_high + (sub / 4 * 8 + j) * 64 + half * 32);
    const __m256i high = quarter < 2 ? _mm256_slli_epi16(bits, quarter == 0 ? 4 : 2)
                                     : _mm256_srli_epi16(bits, quarter == 2 ? 0 : 2);
    return _mm256_or_si256(_mm256_and_si256(low, _mm256_set1_epi8(15)),
                           _mm256_and_si256(high, _mm256_set1_epi8(48)));
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
#pragma GCC unroll 8
      for (std::size_t b = 0; b < 8; ++b) {
        for (std::size_t j = 0; j < 8; ++j) {
          store(out.codes[i * 64 + b * 8 + j][0], codes_of(panel, b, j, 0));
          store(out.codes[i * 64 + b * 8 + j][8], codes_of(panel, b, j, 1));
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

  static void column(const std::byte* block, const Columns& x, __m256 (&sums)[2]) {
    __m256 parts[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
#pragma GCC unroll 8
    for (std::size_t b = 0; b < 8; ++b) {
      const __m256 scale = _mm256_broadcast_ss(x.scales + b);
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i first = wide_scales(block, 2 * b, half);
        const __m256i second = wide_scales(block, 2 * b + 1, half);
        // 32 * sum of the codes comes off: 32 * 16 * 127 = 65024 needs int32.
        __m256i total = _mm256_slli_epi32(
            _mm256_madd_epi16(pair(first, second), broadcast4(x.sums + b * 2)), 5);
        total = _mm256_sub_epi32(_mm256_setzero_si256(), total);
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 8; j += 2) {
          const __m256i row_scale = j < 4 ? pair(first, first) : pair(second, second);
          const __m256i products =
              _mm256_add_epi16(_mm256_maddubs_epi16(codes_of(block, b, j, half),
                                                    broadcast4(x.codes + b * 32 + j * 4)),
                               _mm256_maddubs_epi16(codes_of(block, b, j + 1, half),
                                                    broadcast4(x.codes + b * 32 + j * 4 + 4)));
          total = _mm256_add_epi32(total, _mm256_madd_epi16(products, row_scale));
        }
        parts[half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), scale, parts[half]);
      }
    }
    sums[0] = _mm256_fmadd_ps(load_halves(block), parts[0], sums[0]);
    sums[1] = _mm256_fmadd_ps(load_halves(block + 16), parts[1], sums[1]);
  }
};

void pack(const std::byte* rows_in, std::size_t rows, std::size_t k, std::byte* panel) {
  const std::size_t row_bytes = k / Q6K::k_values * Q6K::k_row_bytes;
  for (std::size_t i = 0; i < k / Q6K::k_values; ++i) {
    interleave(rows_in + 208, rows, row_bytes, 2, 2, panel);
    interleave(rows_in + 192, rows, row_bytes, 16, 1, panel + Q6K::k_scales);
    interleave(rows_in, rows, row_bytes, 192, 4, panel + Q6K::k_low);
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
      const std::size_t low_at = v / 128 * 64 + quarter % 2 * 32 + l;
      const std::size_t high_at = v / 128 * 32 + l;
      const auto low = static_cast<int>(panel[Q6K::k_low + low_at / 4 * 64 + row * 4 + low_at % 4]);
      const auto high =
          static_cast<int>(panel[Q6K::k_high + high_at / 4 * 64 + row * 4 + high_at % 4]);
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
