// Products of panels of a block format (x86/unsigned_blocks.inl) with columns of int8 codes by
// VPDPBUSD in 8 lanes. The loops around a tile and around a block are those of AVX2.
#pragma once

#include "reference-engine/kernels/x86/fetch_next.inl"
#include "reference-engine/kernels/x86/unsigned_blocks.inl"
#include "reference-engine/kernels/x86_avx2/integer_product.inl"
#include "reference-engine/kernels/x86_avx_vnni/dot.inl"

namespace assay {
namespace {

/// What x86_avx2/integer_product.inl asks of a format.
template <typename Format>
struct Block {
  static constexpr std::size_t k_values = Format::k_values;
  static constexpr std::size_t k_block_bytes = Format::k_block_bytes;
  static constexpr std::size_t k_chunk = 1024;  // 16 KiB of codes
  // 12 sums, 2 weights and a column's codes in 16 registers. 12 chains of VPDPBUSD, latency 5 at
  // two a cycle, are more than the 10 that keep both of its ports busy.
  static constexpr std::size_t k_tile = 6;
  // A large block is asked for ahead of use, one stream at a time.
  static constexpr std::size_t k_at_once = k_values == 256 ? 1 : Format::k_at_once;

  static constexpr std::size_t k_group = Format::k_group;
  static constexpr std::size_t k_groups = k_chunk / k_group;
  static constexpr std::size_t k_steps = k_group / 4;

  struct Unpacked {
    alignas(32) std::uint8_t codes[k_chunk / 4][k_rows][4];
    alignas(32) float factors[k_groups][k_rows];
    alignas(32) float minimums[Format::k_minimums ? k_groups : 1][k_rows];
  };

  static void unpack(const std::byte* panel, std::size_t blocks, Unpacked& out) {
    for (std::size_t b = 0; b < blocks; ++b, panel += k_block_bytes) {
      const typename Format::BlockFactors factors(panel);
      for (std::size_t g = 0; g < k_values / k_group; ++g) {
        const std::size_t group = b * (k_values / k_group) + g;
#pragma GCC unroll 2
        for (std::size_t half = 0; half < 2; ++half) {
          _mm256_store_ps(out.factors[group] + half * 8,
                          _mm256_mul_ps(factors.d(half), factors.factor(g, half)));
          if constexpr (Format::k_minimums) {
            _mm256_store_ps(out.minimums[group] + half * 8,
                            _mm256_mul_ps(factors.dmin(half), factors.minimum(g, half)));
          }
#pragma GCC unroll 8
          for (std::size_t j = 0; j < k_steps; ++j) {
            store(out.codes[group * k_steps + j][half * 8], Format::codes(panel, g, j, half));
          }
        }
      }
    }
  }

  /// `factor` times the sum of the codes of a group, in every lane. `sums` are those of a column.
  static __m256i code_sum(const std::int16_t* sums, std::size_t group, std::int16_t factor) {
    if constexpr (k_group == 32) {
      return _mm256_madd_epi16(broadcast4(sums + group * 2), _mm256_set1_epi16(factor));
    }
    return _mm256_set1_epi32(static_cast<std::int32_t>(sums[group]) * factor);
  }

  /// Where the products of a group begin.
  static __m256i start(const std::int16_t* sums, std::size_t group) {
    if constexpr (Format::k_offset != 0) return code_sum(sums, group, Format::k_offset);
    return _mm256_setzero_si256();
  }

  template <std::size_t N>
  static void tile(const Unpacked& weights, std::size_t blocks, const Columns& x, float* c) {
    for (std::size_t g = 0; g < blocks * (k_values / k_group); ++g) {
      __m256i sums[N][2];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        sums[i][0] = sums[i][1] = start(x.sums + i * (x.k / 16), g);
      }
      const std::int8_t* codes = x.codes + g * k_group;
#pragma GCC unroll 8
      for (std::size_t j = 0; j < k_steps; ++j) {
        const __m256i w0 = load(weights.codes[g * k_steps + j][0]);
        const __m256i w1 = load(weights.codes[g * k_steps + j][8]);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < N; ++i) {
          const __m256i a = broadcast4(codes + i * x.k + j * 4);
          sums[i][0] = dot(sums[i][0], w0, a);
          pin(sums[i][0]);
          sums[i][1] = dot(sums[i][1], w1, a);
          pin(sums[i][1]);
        }
      }
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        add_group(weights, g, x.at(i, 0), sums[i], c + i * k_rows);
      }
    }
  }

  /// c[16] += the products of a group, scaled, and its minimums.
  [[gnu::always_inline]] static void add_group(const Unpacked& weights, std::size_t g,
                                               const Columns& x, const __m256i (&products)[2],
                                               float* c) {
    const __m256 scale = _mm256_broadcast_ss(x.scales + g * k_group / 32);
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(products[half]), scale);
      __m256 sum = _mm256_fmadd_ps(scaled, _mm256_load_ps(weights.factors[g] + half * 8),
                                   _mm256_load_ps(c + half * 8));
      if constexpr (Format::k_minimums) {
        const __m256 x_sum = _mm256_mul_ps(_mm256_cvtepi32_ps(code_sum(x.sums, g, 1)), scale);
        sum = _mm256_fmadd_ps(_mm256_load_ps(weights.minimums[g] + half * 8), x_sum, sum);
      }
      _mm256_store_ps(c + half * 8, sum);
    }
  }

  static void column(const std::byte* block, const Columns& x, [[maybe_unused]] bool ahead,
                     __m256 (&sums)[2]) {
    constexpr std::size_t k_in_block = k_values / k_group;
    const typename Format::BlockFactors factors(block);
    __m256 parts[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    __m256 minimums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
#pragma GCC unroll 16
    for (std::size_t g = 0; g < k_in_block; ++g) {
      if constexpr (k_values == 256) fetch_next<k_block_bytes, k_in_block>(ahead, block, g);
      __m256i products[2] = {start(x.sums, g), start(x.sums, g)};
#pragma GCC unroll 8
      for (std::size_t j = 0; j < k_steps; ++j) {
        const __m256i a = broadcast4(x.codes + g * k_group + j * 4);
        products[0] = dot(products[0], Format::codes(block, g, j, 0), a);
        products[1] = dot(products[1], Format::codes(block, g, j, 1), a);
      }
      const __m256 scale = _mm256_broadcast_ss(x.scales + g * k_group / 32);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(products[half]), scale);
        parts[half] = _mm256_fmadd_ps(scaled, factors.factor(g, half), parts[half]);
        if constexpr (Format::k_minimums) {
          const __m256 x_sum = _mm256_mul_ps(_mm256_cvtepi32_ps(code_sum(x.sums, g, 1)), scale);
          minimums[half] = _mm256_fmadd_ps(x_sum, factors.minimum(g, half), minimums[half]);
        }
      }
    }
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
      sums[half] = _mm256_fmadd_ps(factors.d(half), parts[half], sums[half]);
      if constexpr (Format::k_minimums) {
        sums[half] = _mm256_fmadd_ps(factors.dmin(half), minimums[half], sums[half]);
      }
    }
  }
};

/// Packing and decoding rows are those of AVX2: the panels are the same.
template <typename Format>
constexpr FormatKernels block_kernels() {
  return {Format::k_format,
          k_rows,
          true,
          nullptr,
          nullptr,
          multiply<Block<Format>>,
          multiply_streams<Block<Format>>};
}

}  // namespace
}  // namespace assay
