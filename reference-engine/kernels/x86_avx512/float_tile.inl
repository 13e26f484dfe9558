// The float32 tile, and the formats it reads.
#pragma once

#include "reference-engine/kernels/x86/panels.inl"

namespace assay {
namespace {

struct F32 {
  using Stored = float;
  static constexpr std::uint32_t k_format = 0;
  static Floats load16(const Stored* at) { return _mm512_loadu_ps(at); }
};

struct F16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 1;
  static Floats load16(const Stored* at) {
    return load_halves(reinterpret_cast<const std::byte*>(at));
  }
};

struct Bf16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 30;
  static Floats load16(const Stored* at) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
};

// Columns of the widest tile: with two panels 12 sums, enough to hide the latency of 4 cycles at
// two multiply-adds a cycle.
constexpr std::size_t k_tile = 6;

/// Rows of 16 weights of each of P panels.
template <typename Format, std::size_t P>
struct Panels {
  const typename Format::Stored* at[P];
};

/// Columns of values, and where their sums of P * 16 rows are kept.
struct TileColumns {
  const float* x;
  std::size_t x_stride;
  float* c;
  std::size_t c_stride;
};

/// c[n][p][16] (+)= sum over i < count of panel p [i][16] * x[n][i]
template <std::size_t N, typename Format, std::size_t P, bool accumulate>
void tile(const Panels<Format, P>& panels, std::size_t count, const TileColumns& columns) {
  Floats sums[N][P];
#pragma GCC unroll 8
  for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < P; ++p) {
      sums[n][p] = accumulate ? _mm512_loadu_ps(columns.c + n * columns.c_stride + p * k_rows)
                              : _mm512_setzero_ps();
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    Floats weights[P];
#pragma GCC unroll 2
    for (std::size_t p = 0; p < P; ++p) weights[p] = Format::load16(panels.at[p] + i * k_rows);
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
      const Floats x = _mm512_set1_ps(columns.x[n * columns.x_stride + i]);
#pragma GCC unroll 2
      for (std::size_t p = 0; p < P; ++p) {
        sums[n][p] = _mm512_fmadd_ps(weights[p], x, sums[n][p]);
      }
    }
  }
#pragma GCC unroll 8
  for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < P; ++p) {
      store(columns.c + n * columns.c_stride + p * k_rows, sums[n][p]);
    }
  }
}

template <std::size_t N, typename Format, std::size_t P, bool accumulate>
void tile_of(const Panels<Format, P>& panels, std::size_t count, const TileColumns& columns,
             std::size_t n) {
  if constexpr (N > 0) {
    if (n == N) {
      tile<N, Format, P, accumulate>(panels, count, columns);
    } else {
      tile_of<N - 1, Format, P, accumulate>(panels, count, columns, n);
    }
  }
}

/// All `total` columns, tile by tile; the last two share what is left.
template <typename Format, std::size_t P, bool accumulate>
void run_tiles(const Panels<Format, P>& panels, std::size_t count, TileColumns columns,
               std::size_t total) {
  while (total > 0) {
    const bool last_two = total > k_tile && total < 2 * k_tile;
    const std::size_t n = last_two ? (total + 1) / 2 : smaller(total, k_tile);
    tile_of<k_tile, Format, P, accumulate>(panels, count, columns, n);
    columns.x += n * columns.x_stride;
    columns.c += n * columns.c_stride;
    total -= n;
  }
}

/// `count` values, a multiple of 16, as float32.
template <typename Format>
void widen_values(const typename Format::Stored* from, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; i += 16) store(to + i, Format::load16(from + i));
}

}  // namespace
}  // namespace assay
