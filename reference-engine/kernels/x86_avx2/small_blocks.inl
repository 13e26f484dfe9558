// Products of the formats of kernels/panels/nibbles.inl.
#pragma once

#include "reference-engine/kernels/panels/nibbles.inl"
#include "reference-engine/kernels/x86_avx2/integer_product.inl"

namespace assay {
namespace {

template <typename Format>
struct SmallBlock {
  static constexpr std::size_t k_values = 32;
  static constexpr std::size_t k_block_bytes = k_rows * Format::k_row_bytes;
  static constexpr std::size_t k_chunk = 1024;
  static constexpr std::size_t k_tile = Format::k_signed ? 4 : 6;
  static constexpr std::size_t k_at_once = 4;
  // Groups whose products fit an int16: each adds two of at most 127 * k_highest to a sum. 8 groups
  // of 15: 30480, 4 of 31: 31496. Signed ones need an int32 at once: 2 * 128 * 127 = 32512.
  static constexpr std::size_t k_steps = Format::k_highest <= 15 ? 8 : 4;
  static_assert(Format::k_signed || k_steps * 2 * 127 * Format::k_highest <= 32767);

  static constexpr std::size_t k_stride = Format::k_as_stored ? k_block_bytes : 32 * k_rows;

  struct Unpacked {
    alignas(32) std::byte storage[Format::k_as_stored ? 32 : k_chunk * k_rows];
    const std::byte* codes;  // k_stride from block to block
    alignas(32) float d[k_chunk / k_values][k_rows];
    alignas(32) float minimums[Format::k_minimums ? k_chunk / k_values : 1][k_rows];
  };

  static void unpack(const std::byte* panel, std::size_t blocks, Unpacked& out) {
    out.codes = Format::k_as_stored ? panel + Format::k_codes : out.storage;
    for (std::size_t b = 0; b < blocks; ++b, panel += k_block_bytes) {
      for (std::size_t half = 0; half < 2; ++half) {
        _mm256_store_ps(out.d[b] + half * 8, Format::scale(panel, half));
        if constexpr (Format::k_minimums) {
          _mm256_store_ps(out.minimums[b] + half * 8, Format::minimum(panel, half));
        }
        if constexpr (!Format::k_as_stored) {
#pragma GCC unroll 8
          for (std::size_t j = 0; j < 8; ++j) {
            store(out.storage + b * k_stride + j * 64 + half * 32, Format::codes(panel, j, half));
          }
        }
      }
    }
  }

  /// |w| * sign(w) a, in int32: 8-bit weights leave no room for an offset or a sum.
  static __m256i signed_products(__m256i magnitude, __m256i weights, __m256i codes) {
    const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(codes, weights));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }

  /// totals[N][2] = the products of a block and N columns, in int32 and without the offset.
  template <std::size_t N>
  [[gnu::always_inline]] static void products(const std::byte* weights, const std::int8_t* codes,
                                              std::size_t k, __m256i (&totals)[N][2]) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) totals[i][0] = totals[i][1] = _mm256_setzero_si256();
    if constexpr (Format::k_signed) {
#pragma GCC unroll 8
      for (std::size_t j = 0; j < 8; ++j) {
        const __m256i w0 = load(weights + j * 64);
        const __m256i w1 = load(weights + j * 64 + 32);
        const __m256i m0 = _mm256_abs_epi8(w0);
        const __m256i m1 = _mm256_abs_epi8(w1);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i a = broadcast4(codes + i * k + j * 4);
          totals[i][0] = _mm256_add_epi32(totals[i][0], signed_products(m0, w0, a));
          pin(totals[i][0]);
          totals[i][1] = _mm256_add_epi32(totals[i][1], signed_products(m1, w1, a));
          pin(totals[i][1]);
        }
      }
      return;
    }
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 2
    for (std::size_t step = 0; step < 8; step += k_steps) {
      __m256i sums[N][2];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) sums[i][0] = sums[i][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
      for (std::size_t j = step; j < step + k_steps; ++j) {
        const __m256i w0 = load(weights + j * 64);
        const __m256i w1 = load(weights + j * 64 + 32);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i a = broadcast4(codes + i * k + j * 4);
          sums[i][0] = _mm256_add_epi16(sums[i][0], _mm256_maddubs_epi16(w0, a));
          pin(sums[i][0]);
          sums[i][1] = _mm256_add_epi16(sums[i][1], _mm256_maddubs_epi16(w1, a));
          pin(sums[i][1]);
        }
      }
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
#pragma GCC unroll 2
        for (std::size_t half = 0; half < 2; ++half) {
          const __m256i wide = _mm256_madd_epi16(sums[i][half], ones);
          totals[i][half] = step == 0 ? wide : _mm256_add_epi32(totals[i][half], wide);
        }
      }
    }
  }

  /// sum += d * scale * (total + offset * sum of the codes) + minimum * scale * sum of the codes
  [[gnu::always_inline]] static __m256 finish(__m256i total, __m256i x_sum, __m256 scale, __m256 d,
                                              __m256 minimum, __m256 sum) {
    if constexpr (!Format::k_signed && Format::k_offset != 0) {
      total = _mm256_add_epi32(total, x_sum);
    }
    sum = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(total), scale), d, sum);
    if constexpr (Format::k_minimums) {
      sum = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(x_sum), scale), minimum, sum);
    }
    return sum;
  }

  /// The sum of the 32 codes of a block, times the offset where there is one.
  static __m256i code_sum(const std::int16_t* sums) {
    constexpr std::int16_t factor = Format::k_offset != 0 ? Format::k_offset : 1;
    return _mm256_madd_epi16(broadcast4(sums), _mm256_set1_epi16(factor));
  }

  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    for (std::size_t b = 0; b < blocks; ++b) {
      __m256i totals[N][2];
      products<N>(weights.codes + b * k_stride, x.codes + b * 32, x.k, totals);
      const float* minimums = weights.minimums[Format::k_minimums ? b : 0];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        const __m256 scale = _mm256_broadcast_ss(x.scales + i * (x.k / 32) + b);
        const __m256i x_sum = code_sum(x.sums + i * (x.k / 16) + b * 2);
#pragma GCC unroll 2
        for (std::size_t half = 0; half < 2; ++half) {
          float* to = c + i * k_rows + half * 8;
          _mm256_store_ps(
              to, finish(totals[i][half], x_sum, scale, _mm256_load_ps(weights.d[b] + half * 8),
                         Format::k_minimums ? _mm256_load_ps(minimums + half * 8) : scale,
                         _mm256_load_ps(to)));
        }
      }
    }
  }

  static void column(const std::byte* block, const Columns& x, bool, __m256 (&sums)[2]) {
    __m256i totals[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      __m256i narrow = _mm256_setzero_si256();
#pragma GCC unroll 8
      for (std::size_t j = 0; j < 8; ++j) {
        // Groups j and j + 4 lie in the same bytes.
        const std::size_t group = j / 2 + j % 2 * 4;
        const __m256i w = Format::codes(block, group, half);
        const __m256i a = broadcast4(x.codes + group * 4);
        if constexpr (Format::k_signed) {
          totals[half] = _mm256_add_epi32(totals[half], signed_products(_mm256_abs_epi8(w), w, a));
        } else {
          narrow = _mm256_add_epi16(narrow, _mm256_maddubs_epi16(w, a));
          if (j % k_steps == k_steps - 1) {
            totals[half] = _mm256_add_epi32(totals[half], _mm256_madd_epi16(narrow, ones));
            narrow = _mm256_setzero_si256();
          }
        }
      }
    }
    const __m256 scale = _mm256_broadcast_ss(x.scales);
    const __m256i x_sum = code_sum(x.sums);
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      __m256 minimum = scale;
      if constexpr (Format::k_minimums) minimum = Format::minimum(block, half);
      sums[half] =
          finish(totals[half], x_sum, scale, Format::scale(block, half), minimum, sums[half]);
    }
  }
};

template <typename Format>
constexpr FormatKernels small_block_kernels() {
  using Block = SmallBlock<Format>;
  return {Format::k_format,
          k_rows,
          true,
          pack_blocks<Format>,
          decode_blocks<Format>,
          multiply<Block>,
          multiply_streams<Block>};
}

}  // namespace
}  // namespace assay
