// Products of panels of a block format with many columns of int8 codes: what the tiles of SDOT and
// of SMMLA share. Codes are unpacked to int8, with their offset, so that sums of products are exact
// in int32. A tile is a struct with
//   k_columns                       of the widest tile
//   arrange(first, second, part, to)   how the codes of 8 values of 4 rows lie among those of 16
//                                   rows (128 bytes): `first` holds values 0 .. 3, `second` 4 .. 7
//   run<Block, N>(unpacked, values, columns, c)   c[N][16] += a panel times N columns
#pragma once

#include "reference-engine/kernels/arm/blocks.inl"

namespace assay {
namespace {

// Values unpacked at once: 16 KiB of codes stay in the first level cache.
constexpr std::size_t k_chunk = 1024;

/// Up to k_chunk values of a panel, ready for tiles.
template <typename Block>
struct Unpacked {
  static constexpr std::size_t k_groups = k_chunk / Block::k_group;
  alignas(16) std::byte codes[k_chunk * k_rows];
  alignas(16) float factors[k_groups][k_rows];
  alignas(16) float minimums[Block::k_minimums ? k_groups : 1][k_rows];
};

/// The float32 factors, and minimums, of the groups of a block.
template <typename Block>
void unpack_factors(const std::byte* block, float (*factors)[k_rows], float (*minimums)[k_rows]) {
  const typename Block::BlockFactors from(block);
  for (std::size_t g = 0; g < Block::k_values / Block::k_group; ++g) {
    RowIntegers scale{};
    RowIntegers minimum{};
    if constexpr (Block::k_scaled) scale = from.scale(g);
    if constexpr (Block::k_scaled && Block::k_minimums) minimum = from.minimum(g);
    for (std::size_t part = 0; part < k_parts; ++part) {
      Floats d = from.d(part);
      if constexpr (Block::k_scaled) d = vmulq_f32(d, vcvtq_f32_s32(scale.part[part]));
      store(factors[g] + part * k_lanes, d);
      if constexpr (Block::k_minimums) {
        Floats dmin = from.dmin(part);
        if constexpr (Block::k_scaled) dmin = vmulq_f32(dmin, vcvtq_f32_s32(minimum.part[part]));
        store(minimums[g] + part * k_lanes, dmin);
      }
    }
  }
}

template <typename Tile, typename Block>
void unpack(const std::byte* block, std::size_t values, Unpacked<Block>& out) {
  constexpr std::size_t k_groups = Block::k_values / Block::k_group;
  const Codes offset = each(Block::k_offset);
  std::byte* codes = out.codes;
  for (std::size_t first = 0; first < values; first += Block::k_values) {
    const std::size_t group = first / Block::k_group;
    unpack_factors<Block>(block, out.factors + group,
                          out.minimums + (Block::k_minimums ? group : 0));
#pragma GCC unroll 16
    for (std::size_t g = 0; g < k_groups; ++g) {
#pragma GCC unroll 4
      for (std::size_t j = 0; j < Block::k_group / 4; j += 2, codes += 8 * k_rows) {
        keep_order();
        for (std::size_t part = 0; part < k_parts; ++part) {
          Tile::arrange(vaddq_u8(Block::codes(block, g, j, part), offset),
                        vaddq_u8(Block::codes(block, g, j + 1, part), offset), part, codes);
        }
      }
    }
    block += Block::k_block_bytes;
  }
}

/// The sum of the codes of each group of a column, times their scale.
template <typename Block>
void scaled_sums(const Columns& x, std::size_t values, float* out) {
  for (std::size_t g = 0; g < values / Block::k_group; ++g) {
    int sum = x.sums[g * Block::k_group / 16];
    if constexpr (Block::k_group == 32) sum += x.sums[g * 2 + 1];
    out[g] = static_cast<float>(sum) * x.scales[g * Block::k_group / 32];
  }
}

template <typename Tile, typename Block, std::size_t N>
void tile_of(const Unpacked<Block>& unpacked, std::size_t values, const Columns& x,
             std::size_t columns, float* c) {
  if constexpr (N > 0) {
    if (columns == N) {
      Tile::template run<Block, N>(unpacked, values, x, c);
    } else {
      tile_of<Tile, Block, N - 1>(unpacked, values, x, columns, c);
    }
  }
}

/// c[columns][16] += a panel times columns.
template <typename Tile, typename Block>
void run_tiles(const Unpacked<Block>& unpacked, std::size_t values, const Columns& x,
               std::size_t columns, float* c) {
  constexpr std::size_t k_most = Tile::k_columns;
  for (std::size_t done = 0; done < columns;) {
    const std::size_t left = columns - done;
    // The last two tiles share what is left, rather than a full one and a narrow one.
    const bool last_two = left > k_most && left < 2 * k_most;
    const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, k_most);
    tile_of<Tile, Block, k_most>(unpacked, values, x.at(done, 0), n, c + done * k_rows);
    done += n;
  }
}

inline void write_rows(const float* c, std::size_t columns, std::size_t rows, float* out,
                       std::size_t stride) {
  for (std::size_t i = 0; i < columns; ++i, c += k_rows, out += stride) {
    __builtin_memcpy(out, c, rows * sizeof(float));
  }
}

template <typename Tile, typename Block>
void multiply(const PanelProduct* product) {
  constexpr std::size_t k_columns = 512;  // results of a panel on the way: 32 KiB
  alignas(16) float c[k_columns * k_rows];
  Unpacked<Block> unpacked;
  const Q8Columns& q8 = *product->q8;
  const Columns all{q8.codes, q8.scales, q8.sums, q8.k};
  const std::size_t panel_bytes = q8.k / Block::k_values * Block::k_block_bytes;
  for (std::size_t row = 0; row < product->rows; row += k_rows) {
    const std::byte* panel = product->panels + row / k_rows * panel_bytes;
    for (std::size_t first = 0; first < product->columns; first += k_columns) {
      const std::size_t columns = smaller(product->columns - first, k_columns);
      __builtin_memset(c, 0, columns * k_rows * sizeof(float));
      for (std::size_t value = 0; value < q8.k; value += k_chunk) {
        const std::size_t values = smaller(q8.k - value, k_chunk);
        unpack<Tile>(panel + value / Block::k_values * Block::k_block_bytes, values, unpacked);
        run_tiles<Tile>(unpacked, values, all.at(first, value), columns, c);
      }
      write_rows(c, columns, smaller(product->rows - row, k_rows),
                 product->out + first * product->stride + row, product->stride);
    }
  }
}

}  // namespace
}  // namespace assay
