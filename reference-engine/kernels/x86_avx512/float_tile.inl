// The float32 tile, and the formats it reads.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

struct F32 {
  using Stored = float;
  static constexpr std::uint32_t k_format = 0;
  static Floats load_wide(const Stored* at) { return _mm512_loadu_ps(at); }
  static float load1(const Stored* at) { return *at; }
};

struct F16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 1;
  static Floats load_wide(const Stored* at) {
    return load_halves(reinterpret_cast<const std::byte*>(at));
  }
  static float load1(const Stored* at) { return _cvtsh_ss(*at); }
};

struct Bf16 {
  using Stored = std::uint16_t;
  static constexpr std::uint32_t k_format = 30;
  static Floats load_wide(const Stored* at) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static float load1(const Stored* at) {
    return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(*at) << 16)));
  }
};

// Columns of the widest tile: 12 sums hide the latency of 4 cycles at two multiply-adds a cycle,
// and two panels halve the loads of columns.
template <std::size_t P>
constexpr std::size_t k_widest = 12 / P;
constexpr std::size_t k_tile = k_widest<1>;
// Adjacent slabs of 16 dimensions that up to four columns take together: 16 sums.
constexpr std::size_t k_slabs = 4;

/// Rows of 16 weights of each of P panels, `stride` values apart.
template <typename Format, std::size_t P>
struct Panels {
  const typename Format::Stored* at[P];
  std::size_t stride;
  std::size_t ahead = 0;  // bytes of each row of slabs to ask for ahead of its use
};

/// One of them, and how many rows it has.
template <typename Format>
struct Panel {
  const typename Format::Stored* weights;
  std::size_t stride;
  std::size_t count;
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
#pragma GCC unroll 12
  for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p) {
      sums[n][p] = accumulate ? _mm512_loadu_ps(columns.c + n * columns.c_stride + p * k_rows)
                              : _mm512_setzero_ps();
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (P == k_slabs) fetch_ahead_of(panels.at[0] + i * panels.stride, panels.ahead);
    Floats weights[P];
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p)
      weights[p] = Format::load_wide(panels.at[p] + i * panels.stride);
#pragma GCC unroll 12
    for (std::size_t n = 0; n < N; ++n) {
      const Floats x = _mm512_set1_ps(columns.x[n * columns.x_stride + i]);
#pragma GCC unroll 4
      for (std::size_t p = 0; p < P; ++p) {
        sums[n][p] = _mm512_fmadd_ps(weights[p], x, sums[n][p]);
      }
    }
  }
#pragma GCC unroll 12
  for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 4
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
  constexpr std::size_t k_most = k_widest<P>;
  while (total > 0) {
    const bool last_two = total > k_most && total < 2 * k_most;
    const std::size_t n = last_two ? (total + 1) / 2 : smaller(total, k_most);
    tile_of<k_most, Format, P, accumulate>(panels, count, columns, n);
    columns.x += n * columns.x_stride;
    columns.c += n * columns.c_stride;
    total -= n;
  }
}

template <typename Format, bool accumulate>
void run_tiles(const Panel<Format>& panel, const TileColumns& columns, std::size_t total) {
  run_tiles<Format, 1, accumulate>({{panel.weights}, panel.stride}, panel.count, columns, total);
}

/// c[n][k_slabs][16] += sum over i of slabs[i][k_slabs][16] * x[n][i], for up to four columns.
template <typename Format>
void run_slabs(const Panel<Format>& slabs, const TileColumns& columns, std::size_t total,
               std::size_t ahead) {
  const auto* at = slabs.weights;
  const Panels<Format, k_slabs> panels{
      {at, at + k_rows, at + 2 * k_rows, at + 3 * k_rows}, slabs.stride, ahead};
  tile_of<4, Format, k_slabs, true>(panels, slabs.count, columns, total);
}

/// 16 values of each of the rows as float32, close together.
template <typename Format>
void widen(const Panel<Format>& from, float* to) {
  for (std::size_t i = 0; i < from.count; ++i) {
    store(to + i * k_rows, Format::load_wide(from.weights + i * from.stride));
  }
}

}  // namespace
}  // namespace assay
