// Products of Q4_K and Q5_K.
#pragma once

#include "reference-engine/kernels/panels/k_quants.inl"
#include "reference-engine/kernels/x86/fetch_next.inl"
#include "reference-engine/kernels/x86_avx2/integer_product.inl"

namespace assay {
namespace {

template <bool five_bits>
struct KQuant : KLayout<five_bits> {
  using Layout = KLayout<five_bits>;
  using Layout::high_at;
  using Layout::high_codes;
  using Layout::k_block_bytes;
  using Layout::k_values;
  using Layout::low_codes;
  using Layout::nibbles_at;
  using Layout::unpack_sub_blocks;
  using typename Layout::SubBlocks;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = 6;
  static constexpr std::size_t k_at_once = 1;
  // 16 products of a 4-bit code, or 8 of a 5-bit code, fit an int16: 16 * 15 * 127 = 30480,
  // 8 * 31 * 127 = 31496.
  static constexpr std::size_t k_steps = five_bits ? 4 : 8;  // of 4 values, before int32

  struct Unpacked {
    std::uint8_t codes[k_chunk / 4][k_rows][4];
    std::int16_t scales[k_chunk / 32][k_rows][2];  // twice, for both sums of a lane
    float minimums[k_chunk / 32][k_rows];          // dmin * minimum
    float d[k_chunk / k_values][k_rows];
  };

  /// The scales of 8 rows as int16, each twice.
  static __m256i doubled(const std::uint8_t* scales) {
    const __m256i wide =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(scales)));
    return _mm256_or_si256(wide, _mm256_slli_epi32(wide, 16));
  }

  static __m256 to_floats(const std::uint8_t* bytes) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
  }

  static void unpack(const std::byte* panel, std::size_t blocks, Unpacked& out) {
    for (std::size_t i = 0; i < blocks; ++i, panel += k_block_bytes) {
      SubBlocks sub_blocks;
      unpack_sub_blocks(panel, sub_blocks);
      for (std::size_t half = 0; half < 2; ++half) {
        _mm256_store_ps(out.d[i] + half * 8, load_halves(panel + half * 16));
        const __m256 dmin = load_halves(panel + 32 + half * 16);
        for (std::size_t b = 0; b < 8; ++b) {
          store(out.scales[i * 8 + b][half * 8], doubled(sub_blocks.scale[b] + half * 8));
          _mm256_store_ps(out.minimums[i * 8 + b] + half * 8,
                          _mm256_mul_ps(dmin, to_floats(sub_blocks.minimum[b] + half * 8)));
        }
      }
      for (std::size_t g = 0; g < 4; ++g) {
        const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(2 * g));
        std::uint8_t* low = out.codes[i * 64 + g * 16][0];
        for (std::size_t at = 0; at < 512; at += 32) {
          const __m256i q = load(panel + nibbles_at(g, at / 64) + at % 64);
          __m256i high = q;
          if constexpr (five_bits) {
            high = _mm256_srl_epi16(load(panel + high_at(at / 64) + at % 64), shift);
          }
          store(low + at, low_codes(q, high));
          store(low + 512 + at, high_codes(q, high));
        }
      }
    }
  }

  /// scale * sum of the codes, for the 8 sub-blocks of a block.
  static __m256 scaled_sums(const std::int16_t* sums, const float* scales) {
    const __m256i sums32 = _mm256_madd_epi16(load(sums), _mm256_set1_epi16(1));
    return _mm256_mul_ps(_mm256_cvtepi32_ps(sums32), _mm256_loadu_ps(scales));
  }

  /// parts[N][16] += the products of one sub-block, without d. Requires `codes` and `scales` of the
  /// sub-block.
  template <std::size_t N>
  static void sub_block(const std::uint8_t (*weights)[k_rows][4], const std::int16_t (*scales)[2],
                        const Columns& x, float* parts) {
    __m256i totals[N][2];  // five bits: int32 sums of the first half
#pragma GCC unroll 2
    for (std::size_t step = 0; step < 8; step += k_steps) {
      __m256i sums[N][2];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) sums[i][0] = sums[i][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
      for (std::size_t j = step; j < step + k_steps; ++j) {
        const __m256i w0 = load(weights[j][0]);
        const __m256i w1 = load(weights[j][8]);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i a = broadcast4(x.codes + i * x.k + j * 4);
          sums[i][0] = _mm256_add_epi16(sums[i][0], _mm256_maddubs_epi16(w0, a));
          pin(sums[i][0]);
          sums[i][1] = _mm256_add_epi16(sums[i][1], _mm256_maddubs_epi16(w1, a));
          pin(sums[i][1]);
        }
      }
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        sums[i][0] = _mm256_madd_epi16(sums[i][0], load(scales[0]));
        sums[i][1] = _mm256_madd_epi16(sums[i][1], load(scales[8]));
        totals[i][0] = step == 0 ? sums[i][0] : _mm256_add_epi32(totals[i][0], sums[i][0]);
        totals[i][1] = step == 0 ? sums[i][1] : _mm256_add_epi32(totals[i][1], sums[i][1]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      const __m256 scale = _mm256_broadcast_ss(x.scales + i * (x.k / 32));
      float* to = parts + i * k_rows;
      _mm256_store_ps(to,
                      _mm256_fmadd_ps(_mm256_cvtepi32_ps(totals[i][0]), scale, _mm256_load_ps(to)));
      _mm256_store_ps(
          to + 8, _mm256_fmadd_ps(_mm256_cvtepi32_ps(totals[i][1]), scale, _mm256_load_ps(to + 8)));
    }
  }

  /// c += d * parts - sum over sub-blocks of minimum * scaled sum, for half of the rows.
  template <std::size_t N>
  static void finish_block(const float* d, const float (*minimums)[k_rows], const float* parts,
                           const float (*x_sums)[8], float* c) {
    __m256 totals[N];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) totals[i] = _mm256_load_ps(c + i * k_rows);
    for (std::size_t b = 0; b < 8; ++b) {
      const __m256 minimum = _mm256_load_ps(minimums[b]);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        totals[i] = _mm256_fnmadd_ps(minimum, _mm256_broadcast_ss(x_sums[i] + b), totals[i]);
      }
    }
    const __m256 scale = _mm256_load_ps(d);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      _mm256_store_ps(c + i * k_rows,
                      _mm256_fmadd_ps(scale, _mm256_load_ps(parts + i * k_rows), totals[i]));
    }
  }

  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    for (std::size_t s = 0; s < blocks; ++s) {
      alignas(32) float parts[N * k_rows] = {};
      alignas(32) float x_sums[N][8];
      const Columns block = x.at(0, s * k_values);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        _mm256_store_ps(x_sums[i],
                        scaled_sums(block.sums + i * (x.k / 16), block.scales + i * (x.k / 32)));
      }
      for (std::size_t b = 0; b < 8; ++b) {
        sub_block<N>(&weights.codes[s * 64 + b * 8], weights.scales[s * 8 + b], block.at(0, b * 32),
                     parts);
      }
      for (std::size_t half = 0; half < k_rows; half += 8) {
        finish_block<N>(weights.d[s] + half,
                        reinterpret_cast<const float(*)[k_rows]>(weights.minimums[s * 8] + half),
                        parts + half, x_sums, c + half);
      }
    }
  }

  /// totals[sub-block 2g, 2g + 1][half of the rows] = scale * products of 64 values.
  static void sub_block_pair(const std::byte* block, std::size_t g, const SubBlocks& sub_blocks,
                             const std::int8_t* codes, __m256i (&totals)[2][2]) {
    const std::byte* nibbles = block + nibbles_at(g, 0);
    const std::size_t nibble_step = nibbles_at(g, 1) - nibbles_at(g, 0);
    const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(2 * g));
    __m256i scales[2][2];
    for (std::size_t i = 0; i < 4; ++i) {
      scales[i / 2][i % 2] = doubled(sub_blocks.scale[2 * g + i / 2] + i % 2 * 8);
      totals[i / 2][i % 2] = _mm256_setzero_si256();
    }
#pragma GCC unroll 2
    for (std::size_t step = 0; step < 8; step += k_steps) {
      __m256i sums[2][2];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) sums[i / 2][i % 2] = _mm256_setzero_si256();
#pragma GCC unroll 8
      for (std::size_t j = step; j < step + k_steps; ++j) {
        const __m256i a = broadcast4(codes + j * 4);
        const __m256i b = broadcast4(codes + 32 + j * 4);
#pragma GCC unroll 2
        for (std::size_t half = 0; half < 2; ++half) {
          const __m256i q = load(nibbles + j * nibble_step + half * 32);
          __m256i high = q;
          if constexpr (five_bits) {
            high = _mm256_srl_epi16(load(block + high_at(j) + half * 32), shift);
          }
          sums[0][half] =
              _mm256_add_epi16(sums[0][half], _mm256_maddubs_epi16(low_codes(q, high), a));
          sums[1][half] =
              _mm256_add_epi16(sums[1][half], _mm256_maddubs_epi16(high_codes(q, high), b));
          pin(sums[0][half]);
          pin(sums[1][half]);
        }
      }
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) {
        totals[i / 2][i % 2] = _mm256_add_epi32(
            totals[i / 2][i % 2], _mm256_madd_epi16(sums[i / 2][i % 2], scales[i / 2][i % 2]));
      }
    }
  }

  static void column(const std::byte* block, const Columns& x, bool ahead, __m256 (&sums)[2]) {
    SubBlocks sub_blocks;
    unpack_sub_blocks(block, sub_blocks);
    alignas(32) float x_sums[8];
    _mm256_store_ps(x_sums, scaled_sums(x.sums, x.scales));
    __m256 parts[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    __m256 minimums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (std::size_t g = 0; g < 4; ++g) {
      fetch_next<k_block_bytes, 4>(ahead, block, g);
      __m256i totals[2][2];
      sub_block_pair(block, g, sub_blocks, x.codes + g * 64, totals);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t b = 2 * g + i / 2;
        parts[i % 2] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(totals[i / 2][i % 2]),
                                       _mm256_broadcast_ss(x.scales + b), parts[i % 2]);
        minimums[i % 2] = _mm256_fmadd_ps(to_floats(sub_blocks.minimum[b] + i % 2 * 8),
                                          _mm256_broadcast_ss(x_sums + b), minimums[i % 2]);
      }
    }
    for (std::size_t half = 0; half < 2; ++half) {
      sums[half] = _mm256_fmadd_ps(load_halves(block + half * 16), parts[half], sums[half]);
      sums[half] =
          _mm256_fnmadd_ps(load_halves(block + 32 + half * 16), minimums[half], sums[half]);
    }
  }
};

}  // namespace
}  // namespace assay
