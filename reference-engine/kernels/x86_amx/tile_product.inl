// Products of panels of a block format with many columns by the tiles of AMX. What is unpacked and
// gathered is what AVX-512 multiplies, but weights are signed: nothing is added for an offset.
//
// A tile holds the sums of 16 columns and 16 rows of one group of values. They are stored, scaled
// and added to results that stay in registers for a chunk. A product takes 52 cycles until it can
// be stored, so that one tile is multiplied while the one before is stored and the one before that
// is scaled.
#pragma once

#include "reference-engine/kernels/x86_amx/tiles.inl"
#include "reference-engine/kernels/x86_avx512/integer_product.inl"

namespace assay {
namespace {

// With fewer columns AVX-512 is faster: a tile takes as long with one as with 16.
constexpr std::size_t k_fewest_columns = 8;

/// A format whose products are made by tiles, of signed codes. A tile's product is of one group of
/// values, which share a factor: 32 bytes of the 64 that a row of a tile could have, or 16.
template <typename Format>
struct Tiled : Format {
  static constexpr bool k_tiled = true;
  static constexpr std::int16_t k_offset = 0;
  static constexpr TileShapes k_shapes = shapes_for(Format::k_group);

  static Codes codes(const std::byte* block, std::size_t group, std::size_t j) {
    const Codes stored = Format::codes(block, group, j);
    if constexpr (Format::k_offset == 0) return stored;
    return _mm512_add_epi8(stored, _mm512_set1_epi8(static_cast<char>(Format::k_offset)));
  }
};

/// Products of [16 columns] and [16 rows].
struct TileSums {
  alignas(64) std::int32_t of[k_tile_rows][k_rows];
};

/// Begins the product of codes of 16 columns and codes [values / 4][16][4] of a panel, which is
/// exact, in tile 0 or 1.
template <std::size_t tile>
void multiply_tile(const std::int8_t* columns, const void* panel) {
  settle_memory();
  if constexpr (tile == 0) {
    ASSAY_TILE(loadd, 4, columns, k_chunk);
    ASSAY_TILE(loadd, 6, panel, k_rows * 4);
    ASSAY_TILE(zero, 0);
    ASSAY_TILE(dpbssd, 0, 4, 6);
  } else {
    ASSAY_TILE(loadd, 5, columns, k_chunk);
    ASSAY_TILE(loadd, 7, panel, k_rows * 4);
    ASSAY_TILE(zero, 1);
    ASSAY_TILE(dpbssd, 1, 5, 7);
  }
}

template <std::size_t tile>
void store_tile(TileSums& sums) {
  if constexpr (tile == 0) {
    ASSAY_TILE(stored, 0, sums.of, sizeof(sums.of[0]));
  } else {
    ASSAY_TILE(stored, 1, sums.of, sizeof(sums.of[0]));
  }
  settle_memory();
}

/// Adds the scaled sums of group `g` to the results of columns first .. first + 16.
template <typename Format>
[[gnu::always_inline]] inline void add_scaled(const TileSums& sums, const Unpacked<Format>& panel,
                                              const Gathered<Format>& x, std::size_t first,
                                              std::size_t g, Floats (&results)[k_tile_rows]) {
  const Floats factors = _mm512_load_ps(panel.factors[g]);
  const Floats minimums = _mm512_load_ps(panel.minimums[Format::k_minimums ? g : 0]);
  // One pointer for all columns: else GCC keeps one for each, in vector registers.
  const float* scales = &x.scales[first][g * Format::k_group / 32];
  const GroupSums<Format>* column_sums = &x.sums[first];
  asm("" : "+r"(scales), "+r"(column_sums));
#pragma GCC unroll 16
  for (std::size_t i = 0; i < k_tile_rows; ++i) {
    const Floats scale = _mm512_set1_ps(scales[i * (k_chunk / 32)]);
    const Floats scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(load(sums.of[i])), scale);
    results[i] = _mm512_fmadd_ps(scaled, factors, results[i]);
    if constexpr (Format::k_minimums) {
      results[i] = _mm512_fmadd_ps(minimums, all(column_sums[i].scaled[g]), results[i]);
    }
  }
}

/// Two panels times columns, 16 columns and one panel at a time.
template <typename Format>
class TileRows {
 public:
  TileRows(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t columns,
           std::size_t values)
      : panels_(panels), x_(x), columns_(columns), groups_(values / Format::k_group) {
    multiply_tile<0>(x.codes[0], panels.panel[0]->codes);
  }

  /// c[16][2][16] of panel p += the panel times columns first .. first + 16. Called for p = 0 and 1
  /// of each 16 columns: leaves the next one's first tile on the way.
  void add(std::size_t first, std::size_t p, float (*c)[2][k_rows]) {
    if (tile_ == 0) {
      add_row<0>(first, p, c);
    } else {
      add_row<1>(first, p, c);
    }
    tile_ = (tile_ + groups_) % 2;
  }

 private:
  /// The first group is on the way in tile `tile`.
  template <std::size_t tile>
  void add_row(std::size_t first, std::size_t p, float (*c)[2][k_rows]) {
    Floats results[k_tile_rows];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < k_tile_rows; ++i) results[i] = _mm512_load_ps(c[i][p]);
    std::size_t g = 0;
    for (; g + 2 <= groups_; g += 2) {
      step<tile>(first, p, g, results);
      step<1 - tile>(first, p, g + 1, results);
    }
    if (g < groups_) step<tile>(first, p, g, results);
    scale((tile + groups_ - 1) % 2, first, p, groups_ - 1, results);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < k_tile_rows; ++i) _mm512_store_ps(c[i][p], results[i]);
  }

  /// Group g is on the way in tile `tile`: begins the next, stores it, and scales the one before.
  template <std::size_t tile>
  [[gnu::always_inline]] void step(std::size_t first, std::size_t p, std::size_t g,
                                   Floats (&results)[k_tile_rows]) {
    const std::size_t next = p == 0 ? first : first + k_tile_rows;
    if (g + 1 < groups_) {
      const std::size_t value = (g + 1) * Format::k_group;
      multiply_tile<1 - tile>(x_.codes[first] + value, panels_.panel[p]->codes[value / 4]);
    } else if (next < columns_) {
      multiply_tile<1 - tile>(x_.codes[next], panels_.panel[1 - p]->codes);
    }
    store_tile<tile>(sums_[tile]);
    if (g > 0) scale(1 - tile, first, p, g - 1, results);
  }

  [[gnu::always_inline]] void scale(std::size_t tile, std::size_t first, std::size_t p,
                                    std::size_t g, Floats (&results)[k_tile_rows]) const {
    add_scaled(sums_[tile], *panels_.panel[p], x_, first, g, results);
  }

  const Pair<Format>& panels_;
  const Gathered<Format>& x_;
  std::size_t columns_;
  std::size_t groups_;
  std::size_t tile_ = 0;
  TileSums sums_[2];
};

/// What multiply_block() of x86_avx512/integer_product.inl calls for such a format, being more
/// special than the one there: c[columns][2][16] += two panels times all columns. Columns beyond
/// the last, up to whole tiles, are multiplied too; nobody reads what that gives.
template <typename Format>
  requires(Format::k_tiled)
void run_tiles(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t columns,
               std::size_t values, float (*c)[2][k_rows], NextChunk& ahead) {
  static_assert(k_columns % k_tile_rows == 0);
  TileRows<Format> rows(panels, x, columns, values);
  for (std::size_t first = 0; first < columns; first += k_tile_rows) {
    ahead.fetch(k_tile_rows / 2);
    rows.add(first, 0, c + first);
    rows.add(first, 1, c + first);
  }
}

template <typename Format>
void multiply_by_tiles(const PanelProduct* product) {
  if (product->columns < k_fewest_columns) {
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
