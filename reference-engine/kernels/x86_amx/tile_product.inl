// Products of panels of a block format with many columns by the tiles of AMX. What is unpacked and
// gathered is what AVX-512 multiplies; so is what is left of the columns after whole tiles.
#pragma once

#include "reference-engine/kernels/x86_amx/tiles.inl"
#include "reference-engine/kernels/x86_avx512/integer_product.inl"

namespace assay {
namespace {

/// Products of [32 columns] and [2 panels of 16 rows], by column, panel and row.
struct TileSums {
  alignas(64) std::int32_t of[k_tile_columns][2][k_rows];
};

/// sums = signed codes of 32 columns, `stride` bytes apart, times unsigned codes [values /
/// 4][16][4] of two panels, exactly.
inline void multiply_tiles(const std::int8_t* columns, std::size_t stride, const void* panel_0,
                           const void* panel_1, TileSums& sums) {
  constexpr std::size_t k_group_bytes = k_rows * 4;
  constexpr std::size_t k_sum_stride = sizeof(sums.of[0]);
  settle_memory();
  ASSAY_TILE(zero, 0);
  ASSAY_TILE(zero, 1);
  ASSAY_TILE(zero, 2);
  ASSAY_TILE(zero, 3);
  ASSAY_TILE(loadd, 4, columns, stride);
  ASSAY_TILE(loadd, 6, panel_0, k_group_bytes);
  ASSAY_TILE(loadd, 7, panel_1, k_group_bytes);
  ASSAY_TILE(dpbsud, 0, 4, 6);
  ASSAY_TILE(dpbsud, 1, 4, 7);
  ASSAY_TILE(loadd, 5, columns + k_tile_rows * stride, stride);
  ASSAY_TILE(dpbsud, 2, 5, 6);
  ASSAY_TILE(dpbsud, 3, 5, 7);
  ASSAY_TILE(stored, 0, sums.of[0][0], k_sum_stride);
  ASSAY_TILE(stored, 1, sums.of[0][1], k_sum_stride);
  ASSAY_TILE(stored, 2, sums.of[k_tile_rows][0], k_sum_stride);
  ASSAY_TILE(stored, 3, sums.of[k_tile_rows][1], k_sum_stride);
  settle_memory();
}

/// A format whose products are made by tiles. A tile's product is of one group of values, which
/// share a factor: 32 bytes of the 64 that a row of a tile could have, or 16.
template <typename Format>
struct Tiled : Format {
  static constexpr bool k_tiled = true;
  static constexpr TileShapes k_shapes = shapes_for(Format::k_group);
};

/// c[32][2][16] += two panels times columns first .. first + 32
template <typename Format>
void add_tiles(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t first,
               std::size_t values, float (*c)[2][k_rows]) {
  constexpr std::size_t k_group = Format::k_group;
  TileSums sums;
  for (std::size_t g = 0; g < values / k_group; ++g) {
    const std::size_t step = g * (k_group / 4);
    multiply_tiles(x.codes[first] + g * k_group, k_chunk, panels.panel[0]->codes[step],
                   panels.panel[1]->codes[step], sums);
#pragma GCC unroll 2
    for (std::size_t p = 0; p < 2; ++p) {
      const __m512 factors = _mm512_load_ps(panels.panel[p]->factors[g]);
      const __m512 minimums = _mm512_load_ps(panels.panel[p]->minimums[Format::k_minimums ? g : 0]);
      for (std::size_t i = 0; i < k_tile_columns; ++i) {
        __m512i products = load(sums.of[i][p]);
        if constexpr (Format::k_offset != 0) {
          products = _mm512_add_epi32(products, broadcast4(&x.sums[first + i].offsets[g]));
        }
        const __m512 scale = _mm512_set1_ps(x.scales[first + i][g * k_group / 32]);
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(products), scale);
        __m512 result = _mm512_fmadd_ps(scaled, factors, _mm512_load_ps(c[i][p]));
        if constexpr (Format::k_minimums) {
          const __m512 sum = _mm512_set1_ps(x.sums[first + i].scaled[g]);
          result = _mm512_fmadd_ps(minimums, sum, result);
        }
        _mm512_store_ps(c[i][p], result);
      }
    }
  }
}

/// What multiply_block() of x86_avx512/integer_product.inl calls for such a format, being more
/// special than the one there: c[columns][2][16] += two panels times all columns.
template <typename Format>
  requires(Format::k_tiled)
void run_tiles(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t columns,
               std::size_t values, float (*c)[2][k_rows], NextChunk& next) {
  std::size_t done = 0;
  for (; done + k_tile_columns <= columns; done += k_tile_columns) {
    next.fetch(k_tile_columns / 2);
    add_tiles(panels, x, done, values, c + done);
  }
  while (done < columns) {
    const std::size_t n = smaller(columns - done, k_tile);
    tile_of<Format, k_tile>(panels, x, done, n, values, c + done);
    done += n;
  }
}

template <typename Format>
void multiply_by_tiles(const PanelProduct* product) {
  if (product->columns < k_tile_columns) {
    multiply<Format>(product);
    return;
  }
  const Tiles tiles(Tiled<Format>::k_shapes);
  multiply<Tiled<Format>>(product);
}

/// One column at a time is AVX-512's.
template <typename Format>
constexpr FormatKernels tile_kernels() {
  return {Format::k_format, k_rows, true, nullptr, nullptr, multiply_by_tiles<Format>, nullptr};
}

}  // namespace
}  // namespace assay
