// Products of the formats of kernels/panels/block_scales.inl.
#pragma once

#include "reference-engine/kernels/panels/block_scales.inl"
#include "reference-engine/kernels/x86/fetch_next.inl"
#include "reference-engine/kernels/x86_avx2/integer_product.inl"

namespace assay {
namespace {

template <typename Format>
struct LargeBlock {
  static constexpr std::size_t k_values = 256;
  static constexpr std::size_t k_block_bytes = k_rows * Format::k_row_bytes;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = 4;
  static constexpr std::size_t k_at_once = 1;

  struct Unpacked {
    std::uint8_t codes[k_chunk / 4][k_rows][4];
    std::int16_t scales[k_chunk / 16][k_rows][2];   // twice, for both sums of a lane
    std::int16_t offsets[k_chunk / 32][k_rows][2];  // k_offset * the two scales of 32 values
    float minimums[Format::k_minimums ? k_chunk / 16 : 1][k_rows];  // dmin * minimum
    float d[k_chunk / k_values][k_rows];
  };

  static __m256i wide(const std::int8_t* scales) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(scales)));
  }
  static __m256 to_floats(const std::int8_t* bytes) { return _mm256_cvtepi32_ps(wide(bytes)); }

  /// Two int16 in each lane: `first` below, `second` above.
  static __m256i pair(__m256i first, __m256i second) {
    return _mm256_blend_epi16(first, _mm256_slli_epi32(second, 16), 0xAA);
  }

  static void unpack(const std::byte* panel, std::size_t blocks, Unpacked& out) {
    for (std::size_t i = 0; i < blocks; ++i, panel += k_block_bytes) {
      BlockScales scales;
      Format::scales(panel, scales);
      for (std::size_t half = 0; half < 2; ++half) {
        _mm256_store_ps(out.d[i] + half * 8, Format::halves(panel, 0, half));
        for (std::size_t b = 0; b < 8; ++b) {
          const __m256i first = wide(scales.scale[2 * b] + half * 8);
          const __m256i second = wide(scales.scale[2 * b + 1] + half * 8);
          store(out.scales[i * 16 + 2 * b][half * 8], pair(first, first));
          store(out.scales[i * 16 + 2 * b + 1][half * 8], pair(second, second));
          if constexpr (Format::k_offset != 0) {
            store(out.offsets[i * 8 + b][half * 8],
                  _mm256_mullo_epi16(pair(first, second), _mm256_set1_epi16(Format::k_offset)));
          }
        }
        for (std::size_t b = 0; Format::k_minimums && b < 16; ++b) {
          _mm256_store_ps(out.minimums[i * 16 + b] + half * 8,
                          _mm256_mul_ps(Format::halves(panel, 1, half),
                                        to_floats(scales.minimum[b] + half * 8)));
        }
      }
      for (std::size_t b = 0; b < 8; ++b) {
        for (std::size_t j = 0; j < 8; ++j) {
          store(out.codes[i * 64 + b * 8 + j][0], Format::codes(panel, b, j, 0));
          store(out.codes[i * 64 + b * 8 + j][8], Format::codes(panel, b, j, 1));
        }
      }
    }
  }

  /// The products of k_steps groups of codes, in int16.
  template <std::size_t steps>
  [[gnu::always_inline]] static __m256i products(const __m256i (&w)[steps],
                                                 const std::int8_t* codes) {
    if constexpr (Format::k_signed) {
      return _mm256_maddubs_epi16(_mm256_abs_epi8(w[0]), _mm256_sign_epi8(broadcast4(codes), w[0]));
    }
    __m256i sum = _mm256_maddubs_epi16(w[0], broadcast4(codes));
#pragma GCC unroll 4
    for (std::size_t s = 1; s < steps; ++s) {
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(w[s], broadcast4(codes + s * 4)));
    }
    return sum;
  }

  /// x_sums[16] = scale * sum of 16 codes, for the 256 values of a block.
  static void scaled_sums(const std::int16_t* sums, const float* scales, float* x_sums) {
    const __m256i order = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    for (std::size_t i = 0; i < 2; ++i) {
      const __m256i wide_sums =
          _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(sums + i * 8)));
      const __m256 four = _mm256_castps128_ps256(_mm_loadu_ps(scales + i * 4));
      _mm256_store_ps(x_sums + i * 8, _mm256_mul_ps(_mm256_cvtepi32_ps(wide_sums),
                                                    _mm256_permutevar8x32_ps(four, order)));
    }
  }

  /// parts[N][16] += the products of 32 values, without d.
  template <std::size_t N>
  static void sub_block(const Unpacked& weights, std::size_t b, const Columns& x, float* parts) {
    constexpr std::size_t k_steps = Format::k_steps;
    __m256i sums[N][2];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      sums[i][0] = sums[i][1] = _mm256_setzero_si256();
      if constexpr (Format::k_offset != 0) {
        const __m256i pair_of_sums = broadcast4(x.sums + i * (x.k / 16) + b * 2);
        sums[i][0] = _mm256_madd_epi16(load(weights.offsets[b][0]), pair_of_sums);
        sums[i][1] = _mm256_madd_epi16(load(weights.offsets[b][8]), pair_of_sums);
      }
    }
    const std::int8_t* codes = x.codes + b * 32;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; j += k_steps) {
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        __m256i w[k_steps];
#pragma GCC unroll 4
        for (std::size_t s = 0; s < k_steps; ++s) {
          w[s] = load(weights.codes[b * 8 + j + s][half * 8]);
        }
        const __m256i scale = load(weights.scales[b * 2 + j / 4][half * 8]);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i narrow = products<k_steps>(w, codes + i * x.k + j * 4);
          sums[i][half] = _mm256_add_epi32(sums[i][half], _mm256_madd_epi16(narrow, scale));
          pin(sums[i][half]);
        }
      }
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      const __m256 scale = _mm256_broadcast_ss(x.scales + i * (x.k / 32) + b);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        float* to = parts + i * k_rows + half * 8;
        _mm256_store_ps(
            to, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i][half]), scale, _mm256_load_ps(to)));
      }
    }
  }

  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    for (std::size_t s = 0; s < blocks; ++s) {
      alignas(32) float parts[N * k_rows] = {};
      for (std::size_t b = s * 8; b < s * 8 + 8; ++b) sub_block<N>(weights, b, x, parts);
      for (std::size_t i = 0; i < N; ++i) {
        alignas(32) float x_sums[16];
        const Columns column = x.at(i, s * k_values);
        if constexpr (Format::k_minimums) scaled_sums(column.sums, column.scales, x_sums);
        for (std::size_t half = 0; half < k_rows; half += 8) {
          float* to = c + i * k_rows + half;
          __m256 sum = _mm256_load_ps(to);
#pragma GCC unroll 16
          for (std::size_t b = 0; Format::k_minimums && b < 16; ++b) {
            sum = _mm256_fnmadd_ps(_mm256_load_ps(weights.minimums[s * 16 + b] + half),
                                   _mm256_broadcast_ss(x_sums + b), sum);
          }
          _mm256_store_ps(to, _mm256_fmadd_ps(_mm256_load_ps(weights.d[s] + half),
                                              _mm256_load_ps(parts + i * k_rows + half), sum));
        }
      }
    }
  }

  /// 32 values, b, of a block times one column, without d, for 8 rows.
  [[gnu::always_inline]] static __m256i column_32(const std::byte* block, std::size_t b,
                                                  std::size_t half, const BlockScales& scales,
                                                  const Columns& x) {
    constexpr std::size_t k_steps = Format::k_steps;
    const __m256i first = wide(scales.scale[2 * b] + half * 8);
    const __m256i second = wide(scales.scale[2 * b + 1] + half * 8);
    const __m256i scale[2] = {pair(first, first), pair(second, second)};
    __m256i total = _mm256_setzero_si256();
    if constexpr (Format::k_offset != 0) {
      const __m256i offsets =
          _mm256_mullo_epi16(pair(first, second), _mm256_set1_epi16(Format::k_offset));
      total = _mm256_madd_epi16(offsets, broadcast4(x.sums + b * 2));
    }
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; j += k_steps) {
      __m256i w[k_steps];
#pragma GCC unroll 4
      for (std::size_t s = 0; s < k_steps; ++s) w[s] = Format::codes(block, b, j + s, half);
      total = _mm256_add_epi32(
          total, _mm256_madd_epi16(products<k_steps>(w, x.codes + b * 32 + j * 4), scale[j / 4]));
    }
    return total;
  }

  static void column(const std::byte* block, const Columns& x, bool ahead, __m256 (&sums)[2]) {
    BlockScales scales;
    Format::scales(block, scales);
    alignas(32) float x_sums[16];
    if constexpr (Format::k_minimums) scaled_sums(x.sums, x.scales, x_sums);
    __m256 parts[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
#pragma GCC unroll 8
    for (std::size_t b = 0; b < 8; ++b) {
      fetch_next<k_block_bytes, 8>(ahead, block, b);
      const __m256 scale = _mm256_broadcast_ss(x.scales + b);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        parts[half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(column_32(block, b, half, scales, x)),
                                      scale, parts[half]);
      }
    }
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      sums[half] = _mm256_fmadd_ps(Format::halves(block, 0, half), parts[half], sums[half]);
      if constexpr (Format::k_minimums) {
        __m256 minimum = _mm256_setzero_ps();
        for (std::size_t b = 0; b < 16; ++b) {
          minimum = _mm256_fmadd_ps(to_floats(scales.minimum[b] + half * 8),
                                    _mm256_broadcast_ss(x_sums + b), minimum);
        }
        sums[half] = _mm256_fnmadd_ps(Format::halves(block, 1, half), minimum, sums[half]);
      }
    }
  }
};

template <typename Format>
constexpr FormatKernels large_block_kernels() {
  using Block = LargeBlock<Format>;
  return {Format::k_format,
          k_rows,
          true,
          pack_scaled_blocks<Format>,
          decode_scaled_blocks<Format>,
          multiply<Block>,
          multiply_streams<Block>};
}

}  // namespace
}  // namespace assay
