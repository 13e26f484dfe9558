// BF16 weights times activations that are rounded to bfloat16, in pairs of values: what products
// by vectors and by tiles share.
#pragma once

#include "reference-engine/kernels/panels/bf16_pairs.inl"
#include "reference-engine/kernels/x86_avx512/product_blocks.inl"
#include "reference-engine/kernels/x86_avx512_bf16/dot.inl"

namespace assay {
namespace {

inline __m256i load_32(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}
inline void store_32(void* at, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
}

// Values that are rounded at once: of k_columns columns 128 KiB, which stay in the second level
// cache; two panels' worth of weights, 16 KiB, in the first.
constexpr std::size_t k_chunk = 256;
// Columns of the widest tile, with two panels: 12 sums hide the latency of VDPBF16PS (6 cycles at
// one or two a cycle).
constexpr std::size_t k_tile = 6;

/// The nearest bfloat16 of each, ties to even; NaN stays one.
inline __m256i rounded(__m512 values) {
  const __m512i bits = _mm512_castps_si512(values);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF));
  const __m512i upper = _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
  const __mmask16 nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(upper, nan, _mm512_set1_epi32(0x7FC0)));
}

/// `count` values, and zeros up to a multiple of 16.
inline void round_all(const float* from, std::size_t count, std::uint16_t* to) {
  for (std::size_t i = 0; i < count; i += 16) {
    const std::size_t left = smaller(count - i, 16);
    const auto mask = static_cast<__mmask16>((1U << left) - 1);
    store_32(to + i, rounded(_mm512_maskz_loadu_ps(mask, from + i)));
  }
}

/// A chunk of columns, close together.
struct Gathered {
  alignas(64) std::uint16_t values[k_columns][k_chunk];

  void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
    for (std::size_t i = 0; i < columns; ++i) round_all(x + i * k, count, values[i]);
  }
};

/// Two panels from some pair on; a last one that has no second stands for both.
struct Pair {
  const std::byte* panel[2];

  [[nodiscard]] Pair at(std::size_t pair) const {
    return {{panel[0] + pair * k_pair_bytes, panel[1] + pair * k_pair_bytes}};
  }
};

/// The last values of an odd k, as pairs with zeros.
struct Tail {
  alignas(64) std::byte pairs[2][k_pair_bytes];

  Pair fill(const Pair& from) {
    for (std::size_t p = 0; p < 2; ++p) {
      store(pairs[p], _mm512_cvtepu16_epi32(load_32(from.panel[p])));
    }
    return {{pairs[0], pairs[1]}};
  }
};

/// c[N][2][16] += `pairs` pairs of two panels times those of N columns.
template <std::size_t N>
void tile(const Pair& panels, std::size_t pairs, const std::uint16_t* x, float (*c)[2][k_rows]) {
  __m512 sums[N][2];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < N; ++i) {
    sums[i][0] = _mm512_load_ps(c[i][0]);
    sums[i][1] = _mm512_load_ps(c[i][1]);
  }
  for (std::size_t j = 0; j < pairs; ++j) {
    const __m512i w0 = load(panels.panel[0] + j * k_pair_bytes);
    const __m512i w1 = load(panels.panel[1] + j * k_pair_bytes);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      const __m512i column = broadcast4(x + i * k_chunk + j * 2);
      sums[i][0] = dot(sums[i][0], w0, column);
      sums[i][1] = dot(sums[i][1], w1, column);
    }
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < N; ++i) {
    _mm512_store_ps(c[i][0], sums[i][0]);
    _mm512_store_ps(c[i][1], sums[i][1]);
  }
}

template <std::size_t N>
void tile_of(const Pair& panels, std::size_t pairs, const std::uint16_t* x, std::size_t columns,
             float (*c)[2][k_rows]) {
  if constexpr (N > 0) {
    if (columns == N) {
      tile<N>(panels, pairs, x, c);
    } else {
      tile_of<N - 1>(panels, pairs, x, columns, c);
    }
  }
}

/// c[columns][2][16] += `pairs` pairs of two panels times those of columns k_chunk apart.
using RunTiles = void(const Pair& panels, std::size_t pairs, const std::uint16_t* x,
                      std::size_t columns, float (*c)[2][k_rows]);

inline void run_vector_tiles(const Pair& panels, std::size_t pairs, const std::uint16_t* x,
                             std::size_t columns, float (*c)[2][k_rows]) {
  for (std::size_t done = 0; done < columns;) {
    const std::size_t left = columns - done;
    // The last two tiles share what is left, rather than a full one and a narrow one.
    const bool last_two = left > k_tile && left < 2 * k_tile;
    const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, k_tile);
    tile_of<k_tile>(panels, pairs, x + done * k_chunk, n, c + done);
    done += n;
  }
}

template <RunTiles run_tiles>
void multiply_block(const std::byte* panels, std::size_t count, const float* x, std::size_t k,
                    std::size_t columns, Results& results) {
  Gathered gathered;
  for (std::size_t pair = 0; pair < (count + 1) / 2; ++pair) {
    __builtin_memset(results[pair], 0, columns * sizeof(results[pair][0]));
  }
  for (std::size_t first = 0; first < k; first += k_chunk) {
    const std::size_t values = smaller(k_chunk, k - first);
    gathered.fill(x + first, k, columns, values);
    for (std::size_t panel = 0; panel < count; panel += 2) {
      const std::byte* one = panels + panel * k * k_rows * 2 + first * k_rows * 2;
      const Pair both_panels{{one, panel + 1 < count ? one + k * k_rows * 2 : one}};
      auto* c = results[panel / 2];
      const std::size_t pairs = values / 2;
      run_tiles(both_panels, pairs, gathered.values[0], columns, c);
      if (values % 2 == 1) {
        Tail tail;
        const Pair last = tail.fill(both_panels.at(pairs));
        run_vector_tiles(last, 1, gathered.values[0] + pairs * 2, columns, c);
      }
    }
  }
}

template <RunTiles run_tiles>
void multiply(const PanelProduct* product) {
  const F32Columns& x = *product->f32;
  for_each_block(*product, [&](std::size_t row, std::size_t count, std::size_t first,
                               std::size_t columns, Results& results) {
    multiply_block<run_tiles>(product->panels + row * x.k * 2, count, x.values + first * x.k, x.k,
                              columns, results);
  });
}

}  // namespace
}  // namespace assay
