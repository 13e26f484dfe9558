// F32, F16 and BF16 times many columns of float32 values, exactly as far as float32 goes, by tiles
// of bfloat16 pieces. Panels, and few columns, are AVX-512's.
#include "reference-engine/kernels/x86_avx512/plain.inl"
#include "reference-engine/kernels/x86_amx/float_pieces.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx/tiles.inl"

namespace assay {
namespace {

constexpr std::size_t k_step = 32;         // values of a row of a tile
constexpr std::size_t k_tile_chunk = 128;  // values whose pieces are made at once
constexpr TileShapes k_full = shapes_for(k_step * 2);

// With fewer columns AVX-512 is faster: a tile takes as long with one as with 16.
constexpr std::size_t k_fewest_columns = 8;

/// The pieces of a chunk of columns. Those of columns and values that do not exist are zeros, up to
/// whole tiles.
struct ColumnPieces {
  alignas(64) std::uint16_t of[k_column_pieces][k_columns][k_tile_chunk];

  void fill(const float* x, std::size_t k, std::size_t columns, std::size_t count) {
    for (std::size_t i = 0; i < columns; ++i, x += k) {
      for (std::size_t j = 0; j < count; j += 2 * k_lanes) {
        Floats first = load_up_to(x + j, count - j);
        Floats second = all(0.0F);
        if (j + k_lanes < count) second = load_up_to(x + j + k_lanes, count - j - k_lanes);
#pragma GCC unroll 3
        for (auto& piece : of) {
          const __m512i upper = take_piece(first);
          store(piece[i] + j, upper_halves(upper, take_piece(second)));
        }
      }
    }
    for (auto& piece : of) {
      for (std::size_t i = columns; i % k_tile_rows != 0; ++i) {
        __builtin_memset(piece[i], 0, sizeof(piece[i]));
      }
    }
  }

 private:
  static Floats load_up_to(const float* x, std::size_t count) {
    return count >= k_lanes ? load_floats(x) : load_some(x, count);
  }
};

/// The pieces of a chunk of a panel, in pairs of values [chunk / 2][16][2].
template <std::size_t pieces>
struct PanelPieces {
  alignas(64) std::uint16_t of[pieces][k_tile_chunk / 2][k_rows][2];

  template <typename Format>
  void fill(const typename Format::Stored* panel, std::size_t count) {
    for (std::size_t i = 0; i < count; i += 2) {
      Floats first = Format::load_wide(panel + i * k_rows);
      Floats second = all(0.0F);
      if (i + 1 < count) second = Format::load_wide(panel + (i + 1) * k_rows);
#pragma GCC unroll 3
      for (auto& piece : of) {
        const __m512i upper = take_piece(first);
        store(piece[i / 2], pairs_of(upper, take_piece(second)));
      }
    }
    for (std::size_t i = (count + 1) / 2; i % (k_step / 2) != 0; ++i) {
      for (auto& piece : of) __builtin_memset(piece[i], 0, sizeof(piece[i]));
    }
  }
};

template <std::size_t pieces>
struct PairPieces {
  const PanelPieces<pieces>* panel[2];
};

/// c[32][2][16] += two panels times columns first .. first + 32, or + 16, `steps` times 32 values.
template <std::size_t pieces, bool both>
void add_tiles(const PairPieces<pieces>& panels, const ColumnPieces& x, std::size_t first,
               std::size_t steps, float (*c)[2][k_rows]) {
  constexpr std::size_t k_sum_stride = sizeof(c[0]);
  constexpr std::size_t k_column_stride = sizeof(x.of[0][0]);
  constexpr std::size_t k_pair_stride = k_rows * 4;
  settle_memory();
  ASSAY_TILE(loadd, 0, c[0][0], k_sum_stride);
  ASSAY_TILE(loadd, 1, c[0][1], k_sum_stride);
  if constexpr (both) {
    ASSAY_TILE(loadd, 2, c[k_tile_rows][0], k_sum_stride);
    ASSAY_TILE(loadd, 3, c[k_tile_rows][1], k_sum_stride);
  }
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < pieces; ++i) {
      ASSAY_TILE(loadd, 6, panels.panel[0]->of[i][step * k_step / 2], k_pair_stride);
      ASSAY_TILE(loadd, 7, panels.panel[1]->of[i][step * k_step / 2], k_pair_stride);
      for (std::size_t j = 0; i + j < k_column_pieces; ++j) {
        const std::uint16_t* columns = x.of[j][first] + step * k_step;
        ASSAY_TILE(loadd, 4, columns, k_column_stride);
        ASSAY_TILE(dpbf16ps, 0, 4, 6);
        ASSAY_TILE(dpbf16ps, 1, 4, 7);
        if constexpr (both) {
          ASSAY_TILE(loadd, 5, columns + k_tile_rows * k_tile_chunk, k_column_stride);
          ASSAY_TILE(dpbf16ps, 2, 5, 6);
          ASSAY_TILE(dpbf16ps, 3, 5, 7);
        }
      }
    }
  }
  ASSAY_TILE(stored, 0, c[0][0], k_sum_stride);
  ASSAY_TILE(stored, 1, c[0][1], k_sum_stride);
  if constexpr (both) {
    ASSAY_TILE(stored, 2, c[k_tile_rows][0], k_sum_stride);
    ASSAY_TILE(stored, 3, c[k_tile_rows][1], k_sum_stride);
  }
  settle_memory();
}

/// c[columns][2][16] += two panels times all columns. Columns beyond the last, up to whole tiles,
/// are multiplied too; nobody reads what that gives.
template <std::size_t pieces>
void run_tiles(const PairPieces<pieces>& panels, const ColumnPieces& x, std::size_t columns,
               std::size_t values, float (*c)[2][k_rows]) {
  const std::size_t steps = (values + k_step - 1) / k_step;
  for (std::size_t first = 0; first < columns; first += k_tile_columns) {
    if (columns - first > k_tile_rows) {
      add_tiles<pieces, true>(panels, x, first, steps, c + first);
    } else {
      add_tiles<pieces, false>(panels, x, first, steps, c + first);
    }
  }
}

/// results = `count` panels times columns. A last panel without a second stands for both.
template <typename Format>
void multiply_tiles(const typename Format::Stored* panels, std::size_t count, const float* x,
                    std::size_t k, std::size_t columns, Results& results) {
  constexpr std::size_t pieces = k_weight_pieces<Format>;
  static_assert(k_columns % k_tile_columns == 0);
  ColumnPieces gathered;
  PanelPieces<pieces> unpacked[2];
  for (std::size_t pair = 0; pair < (count + 1) / 2; ++pair) {
    __builtin_memset(results[pair], 0, sizeof(results[pair]));
  }
  for (std::size_t value = 0; value < k; value += k_tile_chunk) {
    const std::size_t values = smaller(k - value, k_tile_chunk);
    gathered.fill(x + value, k, columns, values);
    for (std::size_t panel = 0; panel < count; panel += 2) {
      const auto* from = panels + panel * k * k_rows + value * k_rows;
      const bool alone = panel + 1 == count;
      unpacked[0].template fill<Format>(from, values);
      if (!alone) unpacked[1].template fill<Format>(from + k * k_rows, values);
      run_tiles<pieces>({{&unpacked[0], &unpacked[alone ? 0 : 1]}}, gathered, columns, values,
                        results[panel / 2]);
    }
  }
}

template <typename Format>
void multiply_by_tiles(const PanelProduct* product) {
  if (product->columns < k_fewest_columns) {
    multiply<Format>(product);
    return;
  }
  const Tiles tiles(k_full);
  const F32Columns& x = *product->f32;
  const auto* panels = reinterpret_cast<const typename Format::Stored*>(product->panels);
  for_each_block(*product, [&](std::size_t row, std::size_t count, std::size_t first,
                               std::size_t columns, Results& results) {
    multiply_tiles<Format>(panels + row * x.k, count, x.values + first * x.k, x.k, columns,
                           results);
  });
}

template <typename Format>
constexpr FormatKernels tile_kernels() {
  return {Format::k_format, k_rows, false, nullptr, nullptr, multiply_by_tiles<Format>, nullptr};
}

}  // namespace

constinit const KernelTable k_amx_plain{
    .isa = "amx", .formats = {tile_kernels<F32>(), tile_kernels<F16>(), tile_kernels<Bf16>()}};

}  // namespace assay
