// Products of panels of a block format with columns of int8 codes: the loops that all block formats
// share. A format is a struct with
//   k_values             values of a block
//   k_block_bytes        bytes of a block of a panel (16 rows)
//   k_chunk              values unpacked at once, so that they stay in the first level cache
//   k_tile               columns of the widest tile
//   k_at_once            streams that decode reads alternately: prefetchers follow four that change
//                        every few hundred bytes, but not four that each rest for a large block
//   Unpacked             up to k_chunk values of a panel, ready for tiles
//   unpack(blocks, count, unpacked)
//   tile<N>(unpacked, count, columns, c)   c[N][16] += panel times N columns
//   column(block, x, ahead, accumulators)  one block times one column; ahead: StreamProduct
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

template <typename Format, std::size_t N>
void tile_of(const typename Format::Unpacked& unpacked, std::size_t blocks, const Columns& x,
             std::size_t columns, float* c) {
  if constexpr (N > 0) {
    if (columns == N) {
      Format::template tile<N>(unpacked, blocks, x, c);
    } else {
      tile_of<Format, N - 1>(unpacked, blocks, x, columns, c);
    }
  }
}

/// c[columns][16] += unpacked * columns
template <typename Format>
void run_tiles(const typename Format::Unpacked& unpacked, std::size_t blocks, const Columns& x,
               std::size_t columns, float* c) {
  for (std::size_t done = 0; done < columns;) {
    const std::size_t left = columns - done;
    // The last two tiles share what is left, rather than a full one and a narrow one.
    const bool last_two = left > Format::k_tile && left < 2 * Format::k_tile;
    const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, Format::k_tile);
    tile_of<Format, Format::k_tile>(unpacked, blocks, x.at(done, 0), n, c + done * k_rows);
    done += n;
  }
}

inline void write_rows(const float* c, std::size_t columns, std::size_t rows, float* out,
                       std::size_t stride) {
  for (std::size_t i = 0; i < columns; ++i, c += k_rows, out += stride) {
    if (rows == k_rows) {
      _mm256_storeu_ps(out, _mm256_load_ps(c));
      _mm256_storeu_ps(out + 8, _mm256_load_ps(c + 8));
    } else {
      for (std::size_t r = 0; r < rows; ++r) out[r] = c[r];
    }
  }
}

template <typename Format>
void multiply(const PanelProduct* product) {
  constexpr std::size_t k_columns = 512;  // results of a panel on the way: 32 KiB
  alignas(64) float c[k_columns * k_rows];
  alignas(64) typename Format::Unpacked unpacked;
  const Q8Columns& q8 = *product->q8;
  const Columns all{q8.codes, q8.scales, q8.sums, q8.k};
  const std::size_t panel_bytes = q8.k / Format::k_values * Format::k_block_bytes;
  for (std::size_t row = 0; row < product->rows; row += k_rows) {
    const std::byte* panel = product->panels + row / k_rows * panel_bytes;
    for (std::size_t first = 0; first < product->columns; first += k_columns) {
      const std::size_t columns = smaller(product->columns - first, k_columns);
      __builtin_memset(c, 0, columns * k_rows * sizeof(float));
      for (std::size_t value = 0; value < q8.k; value += Format::k_chunk) {
        const std::size_t blocks = smaller(q8.k - value, Format::k_chunk) / Format::k_values;
        Format::unpack(panel + value / Format::k_values * Format::k_block_bytes, blocks, unpacked);
        run_tiles<Format>(unpacked, blocks, all.at(first, value), columns, c);
      }
      write_rows(c, columns, smaller(product->rows - row, k_rows),
                 product->out + first * product->stride + row, product->stride);
    }
  }
}

/// One panel of each of Format::k_at_once streams, block by block.
template <typename Format>
void multiply_panels(const StreamProduct& product, std::size_t first, std::size_t panel,
                     const Columns& x) {
  constexpr std::size_t n = Format::k_at_once;
  const std::size_t blocks = x.k / Format::k_values;
  __m256 sums[n][2];
#pragma GCC unroll 4
  for (std::size_t s = 0; s < n; ++s) sums[s][0] = sums[s][1] = _mm256_setzero_ps();
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t at = (panel * blocks + b) * Format::k_block_bytes;
#pragma GCC unroll 4
    for (std::size_t s = 0; s < n; ++s) {
      Format::column(product.panels[first + s] + at, x.at(0, b * Format::k_values),
                     product.fetch_ahead, sums[s]);
    }
  }
#pragma GCC unroll 4
  for (std::size_t s = 0; s < n; ++s) {
    float* out = product.out[first + s] + panel * k_rows;
    _mm256_storeu_ps(out, sums[s][0]);
    _mm256_storeu_ps(out + 8, sums[s][1]);
  }
}

template <typename Format>
void multiply_streams(const StreamProduct* product) {
  const Q8Columns& q8 = *product->q8;
  const Columns x{q8.codes, q8.scales, q8.sums, q8.k};
  for (std::size_t first = 0; first < k_streams; first += Format::k_at_once) {
    for (std::size_t i = 0; i < product->panel_count; ++i) {
      multiply_panels<Format>(*product, first, i, x);
    }
  }
}

}  // namespace
}  // namespace assay
