// Products of panels of a block format with columns of int8 codes by VPDPBUSD: the loops that all
// formats of x86/unsigned_blocks.inl share.
#pragma once

#include "reference-engine/kernels/x86/fetch_next.inl"
#include "reference-engine/kernels/x86/unsigned_blocks.inl"
#include "reference-engine/kernels/x86_avx512/product_blocks.inl"

namespace assay {
namespace {

// 512 values of two panels are unpacked at once: 16 KiB of codes stay in the first level cache.
constexpr std::size_t k_chunk = 512;
// Columns of the widest tile: with two panels 12 sums of products and 12 results in registers.
constexpr std::size_t k_tile = 6;

/// Up to k_chunk values of a panel, ready for tiles.
template <typename Format>
struct Unpacked {
  static constexpr std::size_t k_groups = k_chunk / Format::k_group;
  alignas(64) std::uint8_t codes[k_chunk / 4][k_rows][4];
  alignas(64) float factors[k_groups][k_rows];
  alignas(64) float minimums[Format::k_minimums ? k_groups : 1][k_rows];
};

template <typename Format>
void unpack(const std::byte* panel, std::size_t values, Unpacked<Format>& out) {
  constexpr std::size_t k_groups = Format::k_values / Format::k_group;
  constexpr std::size_t k_steps = Format::k_group / 4;
  for (std::size_t first = 0; first < values; first += Format::k_values) {
    const typename Format::BlockFactors factors(panel);
    for (std::size_t g = 0; g < k_groups; ++g) {
      const std::size_t group = first / Format::k_group + g;
      store(out.factors[group], _mm512_mul_ps(factors.d(), factors.factor(g)));
      if constexpr (Format::k_minimums) {
        store(out.minimums[group], _mm512_mul_ps(factors.dmin(), factors.minimum(g)));
      }
#pragma GCC unroll 8
      for (std::size_t j = 0; j < k_steps; ++j) {
        store(out.codes[group * k_steps + j], Format::codes(panel, g, j));
      }
    }
    panel += Format::k_block_bytes;
  }
}

/// What the codes of a chunk of one column add up to, by groups.
template <typename Format>
struct GroupSums {
  static constexpr std::size_t k_groups = k_chunk / Format::k_group;
  static constexpr bool k_offsets = Format::k_offset != 0;
  alignas(64) std::int32_t offsets[k_offsets ? k_groups : 1];   // times k_offset
  alignas(64) float scaled[Format::k_minimums ? k_groups : 1];  // times the scale of the values

  /// The first `values` of a column.
  void fill(const Columns& x, std::size_t values) {
    if constexpr (k_offsets || Format::k_minimums) {
      for (std::size_t first = 0; first < values; first += k_lanes * Format::k_group) {
        fill_lanes(x, first, values - first);
      }
    }
  }

 private:
  /// Up to k_lanes groups.
  void fill_lanes(const Columns& x, std::size_t first, std::size_t values) {
    const std::int16_t* from = x.sums + first / 16;
    const std::size_t group = first / Format::k_group;
    const std::size_t left = values / Format::k_group;
    const auto mask = static_cast<__mmask16>(left >= k_lanes ? 0xFFFFU : (1U << left) - 1);
    __m512i sums;
    if constexpr (Format::k_group == 32) {
      const __m512i pairs = _mm512_maskz_loadu_epi32(mask, from);
      sums = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
    } else {
      sums = _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, from));
    }
    if constexpr (k_offsets) {
      store(offsets + group, _mm512_mullo_epi32(sums, _mm512_set1_epi32(Format::k_offset)));
    }
    if constexpr (Format::k_minimums) {
      const float* scales = x.scales + first / 32;
      Floats scale;
      if constexpr (Format::k_group == 32) {
        scale = _mm512_maskz_loadu_ps(mask, scales);
      } else {
        const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
        scale = _mm512_permutexvar_ps(twice, load_some(scales, (smaller(left, k_lanes) + 1) / 2));
      }
      store(scaled + group, times(_mm512_cvtepi32_ps(sums), scale));
    }
  }
};

/// By registers, since copies of 512 bytes cost several per cent of the product as `rep movs`.
inline void copy_codes(const std::int8_t* from, std::size_t count, std::int8_t* to) {
  for (std::size_t i = 0; i + 64 <= count; i += 64) store(to + i, load(from + i));
  if (count % 64 != 0) {  // whole blocks of 32
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + count - 32),
                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + count - 32)));
  }
}

/// A chunk of up to k_columns columns, close together: as they are stored, columns lie a power of
/// two apart, so that few of them would fit the sets of a cache at a time.
template <typename Format>
struct Gathered {
  alignas(64) std::int8_t codes[k_columns][k_chunk];
  alignas(64) float scales[k_columns][k_chunk / 32];
  GroupSums<Format> sums[k_columns];

  void fill(const Columns& x, std::size_t columns, std::size_t values) {
    for (std::size_t i = 0; i < columns; ++i) {
      const Columns column = x.at(i, 0);
      copy_codes(column.codes, values, codes[i]);
      __builtin_memcpy(scales[i], column.scales, values / 32 * sizeof(float));
      sums[i].fill(column, values);
    }
  }
};

/// The chunk of the columns that is gathered next.
struct NextChunk {
  Ahead codes;
  Ahead scales;
  Ahead sums;

  NextChunk(const Columns& x, std::size_t value, std::size_t columns)
      : NextChunk(x.at(0, value), value < x.k ? columns : 0) {}

  void fetch(std::size_t columns) {
    codes.fetch(columns);
    scales.fetch(columns);
    sums.fetch(columns);
  }

 private:
  NextChunk(const Columns& x, std::size_t columns)
      : codes(x.codes, x.k, k_chunk, columns),
        scales(x.scales, x.k / 32 * sizeof(float), k_chunk / 32 * sizeof(float), columns),
        sums(x.sums, x.k / 16 * sizeof(std::int16_t), k_chunk / 16 * sizeof(std::int16_t),
             columns) {}
};

/// Two panels; a last one that has no second stands for both.
template <typename Format>
struct Pair {
  const Unpacked<Format>* panel[2];
};

/// c[N][2][16] += two panels times columns first .. first + N
template <typename Format, std::size_t N>
void tile(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t first,
          std::size_t values, float (*c)[2][k_rows]) {
  constexpr std::size_t k_steps = Format::k_group / 4;
  __m512 results[2][N];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < N; ++i) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < 2; ++p) results[p][i] = _mm512_load_ps(c[i][p]);
  }
  for (std::size_t g = 0; g < values / Format::k_group; ++g) {
    __m512i sums[2][N];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      const __m512i start = Format::k_offset != 0 ? broadcast4(&x.sums[first + i].offsets[g])
                                                  : _mm512_setzero_si512();
#pragma GCC unroll 2
      for (std::size_t p = 0; p < 2; ++p) sums[p][i] = start;
    }
    const std::int8_t* codes = x.codes[first] + g * Format::k_group;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < k_steps; ++j) {
      __m512i weights[2];
#pragma GCC unroll 2
      for (std::size_t p = 0; p < 2; ++p)
        weights[p] = load(panels.panel[p]->codes[g * k_steps + j]);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < N; ++i) {
        const __m512i column = broadcast4(codes + i * k_chunk + j * 4);
#pragma GCC unroll 2
        for (std::size_t p = 0; p < 2; ++p) {
          sums[p][i] = _mm512_dpbusd_epi32(sums[p][i], weights[p], column);
          pin(sums[p][i]);
        }
      }
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < N; ++i) {
      const __m512 scale = _mm512_set1_ps(x.scales[first + i][g * Format::k_group / 32]);
#pragma GCC unroll 2
      for (std::size_t p = 0; p < 2; ++p) {
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[p][i]), scale);
        results[p][i] =
            _mm512_fmadd_ps(scaled, _mm512_load_ps(panels.panel[p]->factors[g]), results[p][i]);
        if constexpr (Format::k_minimums) {
          results[p][i] = _mm512_fmadd_ps(_mm512_load_ps(panels.panel[p]->minimums[g]),
                                          all(x.sums[first + i].scaled[g]), results[p][i]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < N; ++i) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < 2; ++p) _mm512_store_ps(c[i][p], results[p][i]);
  }
}

template <typename Format, std::size_t N>
void tile_of(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t first,
             std::size_t columns, std::size_t values, float (*c)[2][k_rows]) {
  if constexpr (N > 0) {
    if (columns == N) {
      tile<Format, N>(panels, x, first, values, c);
    } else {
      tile_of<Format, N - 1>(panels, x, first, columns, values, c);
    }
  }
}

/// c[columns][2][16] += two panels times all columns.
template <typename Format>
void run_tiles(const Pair<Format>& panels, const Gathered<Format>& x, std::size_t columns,
               std::size_t values, float (*c)[2][k_rows], NextChunk& next) {
  for (std::size_t done = 0; done < columns;) {
    const std::size_t left = columns - done;
    // The last two tiles share what is left, rather than a full one and a narrow one.
    const bool last_two = left > k_tile && left < 2 * k_tile;
    const std::size_t n = last_two ? (left + 1) / 2 : smaller(left, k_tile);
    next.fetch(4);
    tile_of<Format, k_tile>(panels, x, done, n, values, c + done);
    done += n;
  }
}

/// results = `count` panels times columns.
template <typename Format>
void multiply_block(const std::byte* panels, std::size_t count, const Columns& x,
                    std::size_t columns, Results& results) {
  const std::size_t panel_bytes = x.k / Format::k_values * Format::k_block_bytes;
  Gathered<Format> gathered;
  Unpacked<Format> unpacked[2];
  for (std::size_t pair = 0; pair < (count + 1) / 2; ++pair) {
    __builtin_memset(results[pair], 0, columns * sizeof(results[pair][0]));
  }
  for (std::size_t value = 0; value < x.k; value += k_chunk) {
    const std::size_t values = smaller(x.k - value, k_chunk);
    gathered.fill(x.at(0, value), columns, values);
    NextChunk next(x, value + k_chunk, columns);
    for (std::size_t panel = 0; panel < count; panel += 2) {
      const std::byte* from =
          panels + panel * panel_bytes + value / Format::k_values * Format::k_block_bytes;
      const bool alone = panel + 1 == count;
      unpack<Format>(from, values, unpacked[0]);
      if (!alone) unpack<Format>(from + panel_bytes, values, unpacked[1]);
      run_tiles<Format>({{&unpacked[0], &unpacked[alone ? 0 : 1]}}, gathered, columns, values,
                        results[panel / 2], next);
    }
  }
}

template <typename Format>
void multiply(const PanelProduct* product) {
  const Q8Columns& q8 = *product->q8;
  const Columns all{q8.codes, q8.scales, q8.sums, q8.k};
  const std::size_t panel_bytes = q8.k / Format::k_values * Format::k_block_bytes;
  for_each_block(*product, [&](std::size_t row, std::size_t count, std::size_t first,
                               std::size_t columns, Results& results) {
    multiply_block<Format>(product->panels + row / k_rows * panel_bytes, count, all.at(first, 0),
                           columns, results);
  });
}

/// sum += products of 4 unsigned codes of each row and the 4 codes at `x`. Written out: GCC loads
/// what is used for several streams once, and spills it.
[[gnu::always_inline]] inline void add_products(__m512i& sum, Codes codes, const std::int8_t* x) {
  asm("vpdpbusd %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(codes), "m"(*reinterpret_cast<const std::int32_t*>(x)));
}

/// One block times the values of a column from `x` on; `first` is its first group among `sums`.
template <typename Format>
[[gnu::always_inline]] inline void add_column(const std::byte* block, const Columns& x,
                                              const GroupSums<Format>& sums, std::size_t first,
                                              [[maybe_unused]] bool ahead, Floats& result) {
  constexpr std::size_t k_groups = Format::k_values / Format::k_group;
  constexpr std::size_t k_steps = Format::k_group / 4;
  const typename Format::BlockFactors factors(block);
  Floats part = all(0.0F);
  Floats minimums = all(0.0F);
#pragma GCC unroll 16
  for (std::size_t g = 0; g < k_groups; ++g) {
    if constexpr (Format::k_values == 256) {
      fetch_next<Format::k_block_bytes, k_groups>(ahead, block, g);
    }
    // Two chains, since a product waits for the one before it.
    __m512i products[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    if constexpr (Format::k_offset != 0) products[0] = broadcast4(&sums.offsets[first + g]);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < k_steps; ++j) {
      add_products(products[j % 2], Format::codes(block, g, j),
                   x.codes + g * Format::k_group + j * 4);
    }
    const Floats sum = _mm512_cvtepi32_ps(_mm512_add_epi32(products[0], products[1]));
    const Floats scale = all(x.scales[g * Format::k_group / 32]);
    part = multiply_add(times(sum, scale), factors.factor(g), part);
    if constexpr (Format::k_minimums) {
      minimums = multiply_add(all(sums.scaled[first + g]), factors.minimum(g), minimums);
    }
  }
  result = multiply_add(factors.d(), part, result);
  if constexpr (Format::k_minimums) result = multiply_add(factors.dmin(), minimums, result);
}

template <typename Format>
void multiply_streams(const StreamProduct* product) {
  const Q8Columns& q8 = *product->q8;
  const Columns all_values{q8.codes, q8.scales, q8.sums, q8.k};
  constexpr std::size_t n = Format::k_at_once;
  constexpr std::size_t k_groups = Format::k_values / Format::k_group;
  const std::size_t panel_bytes = q8.k / Format::k_values * Format::k_block_bytes;
  GroupSums<Format> sums;
  for (std::size_t first = 0; first < k_streams; first += n) {
    for (std::size_t panel = 0; panel < product->panel_count; ++panel) {
      Floats results[n];
      const std::byte* block[n];
#pragma GCC unroll 4
      for (std::size_t s = 0; s < n; ++s) {
        results[s] = all(0.0F);
        block[s] = product->panels[first + s] + panel * panel_bytes;
      }
      for (std::size_t value = 0; value < q8.k; value += k_chunk) {
        const std::size_t values = smaller(q8.k - value, k_chunk);
        const Columns x = all_values.at(0, value);
        sums.fill(x, values);
        for (std::size_t b = 0; b < values / Format::k_values; ++b) {
#pragma GCC unroll 4
          for (std::size_t s = 0; s < n; ++s) {
            add_column<Format>(block[s], x.at(0, b * Format::k_values), sums, b * k_groups,
                               product->fetch_ahead, results[s]);
            block[s] += Format::k_block_bytes;
          }
        }
      }
#pragma GCC unroll 4
      for (std::size_t s = 0; s < n; ++s) {
        store(product->out[first + s] + panel * k_rows, results[s]);
      }
    }
  }
}

/// Packing and decoding rows are those of AVX2: the panels are the same.
template <typename Format>
constexpr FormatKernels block_kernels() {
  return {Format::k_format,        k_rows, true, nullptr, nullptr, multiply<Format>,
          multiply_streams<Format>};
}

}  // namespace
}  // namespace assay
