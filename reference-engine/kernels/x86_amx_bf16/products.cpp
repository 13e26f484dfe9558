// BF16 weights times many columns that are rounded to bfloat16 by the tiles of AMX, for `--numerics
// native`. Panels, one column at a time, and what whole tiles leave are AVX512-BF16's.
#include "reference-engine/kernels/x86_amx/tiles.inl"
#include "reference-engine/kernels/x86_amx_bf16/tables.hpp"
#include "reference-engine/kernels/x86_avx512_bf16/pairs.inl"

namespace assay {
namespace {

constexpr std::size_t k_step = 16;  // pairs of a row of a tile
constexpr TileShapes k_full = shapes_for(k_step * 4);

/// c[32][2][16] += whole steps of pairs of two panels times those of 32 columns.
void add_tiles(const Pair& panels, std::size_t pairs, const std::uint16_t* x,
               float (*c)[2][k_rows]) {
  constexpr std::size_t k_sum_stride = sizeof(c[0]);
  constexpr std::size_t k_column_stride = k_chunk * sizeof(x[0]);
  settle_memory();
  ASSAY_TILE(loadd, 0, c[0][0], k_sum_stride);
  ASSAY_TILE(loadd, 1, c[0][1], k_sum_stride);
  ASSAY_TILE(loadd, 2, c[k_tile_rows][0], k_sum_stride);
  ASSAY_TILE(loadd, 3, c[k_tile_rows][1], k_sum_stride);
  for (std::size_t j = 0; j < pairs; j += k_step) {
    const Pair weights = panels.at(j);
    const std::uint16_t* columns = x + j * 2;
    ASSAY_TILE(loadd, 4, columns, k_column_stride);
    ASSAY_TILE(loadd, 6, weights.panel[0], k_pair_bytes);
    ASSAY_TILE(loadd, 7, weights.panel[1], k_pair_bytes);
    ASSAY_TILE(dpbf16ps, 0, 4, 6);
    ASSAY_TILE(dpbf16ps, 1, 4, 7);
    ASSAY_TILE(loadd, 5, columns + k_tile_rows * k_chunk, k_column_stride);
    ASSAY_TILE(dpbf16ps, 2, 5, 6);
    ASSAY_TILE(dpbf16ps, 3, 5, 7);
  }
  ASSAY_TILE(stored, 0, c[0][0], k_sum_stride);
  ASSAY_TILE(stored, 1, c[0][1], k_sum_stride);
  ASSAY_TILE(stored, 2, c[k_tile_rows][0], k_sum_stride);
  ASSAY_TILE(stored, 3, c[k_tile_rows][1], k_sum_stride);
  settle_memory();
}

void run_tiles(const Pair& panels, std::size_t pairs, const std::uint16_t* x, std::size_t columns,
               float (*c)[2][k_rows]) {
  const std::size_t tiled = columns - columns % k_tile_columns;
  const std::size_t whole = pairs - pairs % k_step;
  for (std::size_t i = 0; whole > 0 && i < tiled; i += k_tile_columns) {
    add_tiles(panels, whole, x + i * k_chunk, c + i);
  }
  if (whole < pairs) run_vector_tiles(panels.at(whole), pairs - whole, x + whole * 2, tiled, c);
  run_vector_tiles(panels, pairs, x + tiled * k_chunk, columns - tiled, c + tiled);
}

void multiply_by_tiles(const PanelProduct* product) {
  if (product->columns < k_tile_columns) {
    multiply<run_vector_tiles>(product);
    return;
  }
  const Tiles tiles(k_full);
  multiply<run_tiles>(product);
}

}  // namespace

constinit const KernelTable k_amx_bf16_products{
    .isa = "amx_bf16",
    .formats = {{.format = 30,
                 .panel_rows = k_rows,
                 .takes_q8 = false,
                 .pack = nullptr,
                 .decode_row = nullptr,
                 .multiply = multiply_by_tiles,
                 .multiply_streams = nullptr,
                 .rounding = ActivationRounding::bf16}}};

}  // namespace assay
