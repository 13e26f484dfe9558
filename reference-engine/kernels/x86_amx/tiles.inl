// The tile registers of AMX: 8 matrices of up to 16 rows of 64 bytes, whose shapes a thread sets
// before it uses them (Intel Software Developer's Manual, volume 1, chapter 18).
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

#if defined(__AMX_TILE__)
#define ASSAY_TILE(operation, ...) _tile_##operation(__VA_ARGS__)
#else
#include "reference-engine/kernels/x86_amx/tile_model.inl"
#define ASSAY_TILE(operation, ...) modelled_##operation(__VA_ARGS__)
#endif

namespace assay {
namespace {

constexpr std::size_t k_tile_rows = 16;
constexpr std::size_t k_tile_columns = 2 * k_tile_rows;  // of the four tiles of sums

/// The operand of LDTILECFG.
struct alignas(64) TileShapes {
  std::uint8_t palette;
  std::uint8_t start_row;
  std::uint8_t reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(TileShapes) == 64);

/// Tiles 0 to 3: sums of [16 columns][16 rows]. 4 and 5: `bytes` of values of 16 columns each. 6
/// and 7: as many of 16 rows, in groups of 4.
constexpr TileShapes shapes_for(std::size_t bytes) {
  TileShapes shapes{};
  shapes.palette = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    const bool columns = i == 4 || i == 5;
    shapes.row_bytes[i] = static_cast<std::uint16_t>(columns ? bytes : 64);
    shapes.rows[i] = static_cast<std::uint8_t>(i < 6 ? k_tile_rows : bytes / 4);
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

}  // namespace
}  // namespace assay
