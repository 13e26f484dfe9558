// The tile registers of AMX: 8 matrices of up to 16 rows of 64 bytes, whose shapes a thread sets
// before it uses them (Intel Software Developer's Manual, volume 1, chapter 18).
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

#if defined(__AMX_INT8__)
#define ASSAY_TILE(operation, ...) _tile_##operation(__VA_ARGS__)
#else
#include "reference-engine/kernels/x86_amx/tile_model.inl"
#define ASSAY_TILE(operation, ...) modelled_##operation(__VA_ARGS__)
#endif

namespace assay {
namespace {

constexpr std::size_t k_tile_rows = 16;

/// The operand of LDTILECFG.
struct alignas(64) TileShapes {
  std::uint8_t palette;
  std::uint8_t start_row;
  std::uint8_t reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(TileShapes) == 64);

/// Tiles 0 to 3: sums of [16 columns][16 rows]. 4 and 5: `values` codes of 16 columns each. 6 and
/// 7: as many of 16 rows, in groups of 4.
constexpr TileShapes shapes_for(std::size_t values) {
  TileShapes shapes{};
  shapes.palette = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    const bool codes = i == 4 || i == 5;
    shapes.row_bytes[i] = static_cast<std::uint16_t>(codes ? values : 64);
    shapes.rows[i] = static_cast<std::uint8_t>(i < 6 ? k_tile_rows : values / 4);
  }
  return shapes;
}

/// The instructions read and write memory behind the compiler's back.
inline void settle_memory() { asm volatile("" ::: "memory"); }

/// Tiles of some shape, for as long as it lives.
class Tiles {
 public:
  explicit Tiles(const TileShapes& shapes) {
    settle_memory();
    ASSAY_TILE(loadconfig, &shapes);
  }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
  ~Tiles() { ASSAY_TILE(release); }
};

/// Products of [32 columns] and [2 panels of 16 rows], by column, panel and row.
struct TileSums {
  alignas(64) std::int32_t of[2 * k_tile_rows][2][k_rows];
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

}  // namespace
}  // namespace assay
