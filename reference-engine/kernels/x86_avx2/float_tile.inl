// The float32 tile that matrix products and attention share, and the formats it reads.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

struct F32 {
  using Stored = float;
  static constexpr std::uint32_t k_format = 0;
  static Floats load_wide(const Stored* at) { return _mm256_loadu_ps(at); }
  static float load1(const Stored* at) { return *at; }
};

struct F16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 1;
  static Floats load_wide(const Stored* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
  static float load1(const Stored* at) { return _cvtsh_ss(*at); }
};

struct Bf16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 30;
  static Floats load_wide(const Stored* at) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  static float load1(const Stored* at) {
    return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(*at) << 16)));
  }
};

constexpr std::size_t k_tile = 6;  // columns of the widest tile: 12 sums, 2 weights, 1 value

/// Rows of 16 weights, `stride` values apart.
template <typename Format>
struct Panel {
  const typename Format::Stored* weights;
  std::size_t stride;
  std::size_t count;
};

/// N columns x of panel.count values, and where their 16 sums are kept.
struct TileColumns {
  const float* x;
  std::size_t x_stride;
  float* c;
  std::size_t c_stride;
};

/// c[n][16] (+)= sum over i of panel[i][16] * x[n][i]
template <std::size_t N, typename Format, bool accumulate>
void tile(const Panel<Format>& panel, const TileColumns& columns) {
  __m256 sums[N][2];
#pragma GCC unroll 8
  for (std::size_t n = 0; n < N; ++n) {
    const float* c = columns.c + n * columns.c_stride;
    sums[n][0] = accumulate ? _mm256_loadu_ps(c) : _mm256_setzero_ps();
    sums[n][1] = accumulate ? _mm256_loadu_ps(c + 8) : _mm256_setzero_ps();
  }
  const auto* weights = panel.weights;
  for (std::size_t i = 0; i < panel.count; ++i, weights += panel.stride) {
    const __m256 w0 = Format::load_wide(weights);
    const __m256 w1 = Format::load_wide(weights + 8);
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
      const __m256 x = _mm256_broadcast_ss(columns.x + n * columns.x_stride + i);
      sums[n][0] = _mm256_fmadd_ps(w0, x, sums[n][0]);
      sums[n][1] = _mm256_fmadd_ps(w1, x, sums[n][1]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t n = 0; n < N; ++n) {
    float* c = columns.c + n * columns.c_stride;
    _mm256_storeu_ps(c, sums[n][0]);
    _mm256_storeu_ps(c + 8, sums[n][1]);
  }
}

template <std::size_t N, typename Format, bool accumulate>
void tile_of(const Panel<Format>& panel, const TileColumns& columns, std::size_t count) {
  if constexpr (N > 0) {
    if (count == N) {
      tile<N, Format, accumulate>(panel, columns);
    } else {
      tile_of<N - 1, Format, accumulate>(panel, columns, count);
    }
  }
}

/// All `count` columns, tile by tile; the last two share what is left.
template <typename Format, bool accumulate>
void run_tiles(const Panel<Format>& panel, TileColumns columns, std::size_t count) {
  while (count > 0) {
    const bool last_two = count > k_tile && count < 2 * k_tile;
    const std::size_t n = last_two ? (count + 1) / 2 : smaller(count, k_tile);
    tile_of<k_tile, Format, accumulate>(panel, columns, n);
    columns.x += n * columns.x_stride;
    columns.c += n * columns.c_stride;
    count -= n;
  }
}

/// A slab of 16 dimensions already has 8 sums for four columns.
constexpr std::size_t k_slabs = 1;

template <typename Format>
void run_slabs(const Panel<Format>& slabs, const TileColumns& columns, std::size_t count,
               std::size_t /*ahead*/) {
  run_tiles<Format, true>(slabs, columns, count);
}

/// 16 values of each of `count` rows as float32, close together.
template <typename Format>
void widen(const Panel<Format>& from, float* to) {
  const auto* weights = from.weights;
  for (std::size_t i = 0; i < from.count; ++i, weights += from.stride, to += k_rows) {
    _mm256_storeu_ps(to, Format::load_wide(weights));
    _mm256_storeu_ps(to + 8, Format::load_wide(weights + 8));
  }
}

}  // namespace
}  // namespace assay
