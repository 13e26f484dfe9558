// Attention over a cache: many queries by the float32 tile of the instruction set that the
// translation unit is compiled for, few of them row by row.
#pragma once

#include "reference-engine/kernels/panels/float_tile.inl"

namespace assay {
namespace {

// Up to this many queries read keys row by row and add across lanes; more of them pay for turning
// 16 keys into columns.
constexpr std::size_t k_few_queries = 4;
constexpr std::size_t k_block_dims = 256;
constexpr std::size_t k_block_positions = 128;
// Where few queries take one part of the dimensions after another: 4 KiB in F16.
constexpr std::size_t k_few_values = 2048;

/// One K/V head.
template <typename Format>
struct Cache {
  const typename Format::Stored* rows;
  std::size_t positions;
  std::size_t dim;
  bool fetch_ahead = false;
};

template <typename Format>
Cache<Format> cache_of(const CacheRows& rows) {
  return {reinterpret_cast<const typename Format::Stored*>(rows.first), rows.positions, rows.dim,
          rows.fetch_ahead};
}

struct Queries {
  const float* q;
  std::size_t count;
  float* scores;
  std::size_t stride;
};

template <typename Format>
float score(const float* q, const typename Format::Stored* key, std::size_t dim) {
  Wide sum = all_wide(0.0F);
  std::size_t i = 0;
  for (; i + k_wide <= dim; i += k_wide) {
    sum = multiply_add(Format::load_wide(key + i), F32::load_wide(q + i), sum);
  }
  float total = sum_of_lanes(sum);
  for (; i < dim; ++i) total += q[i] * Format::load1(key + i);
  return total;
}

/// H queries times groups of k_wide / H keys.
template <std::size_t H, typename Format>
void few_scores(const Queries& queries, const Cache<Format>& keys) {
  constexpr std::size_t k_keys = k_wide / H;
  const std::size_t dim = keys.dim;
  std::size_t p = 0;
  for (; dim % k_wide == 0 && p + k_keys <= keys.positions; p += k_keys) {
    Wide sums[k_wide];
    for (auto& sum : sums) sum = all_wide(0.0F);
    const auto* rows = keys.rows + p * dim;
    if (keys.fetch_ahead) fetch_ahead_of(rows, k_keys * dim * sizeof(*rows));
    for (std::size_t i = 0; i < dim; i += k_wide) {
      Wide key[k_keys];
#pragma GCC unroll 16
      for (std::size_t j = 0; j < k_keys; ++j) key[j] = Format::load_wide(rows + j * dim + i);
#pragma GCC unroll 4
      for (std::size_t h = 0; h < H; ++h) {
        const Wide q = F32::load_wide(queries.q + h * dim + i);
#pragma GCC unroll 16
        for (std::size_t j = 0; j < k_keys; ++j) {
          sums[h * k_keys + j] = multiply_add(key[j], q, sums[h * k_keys + j]);
        }
      }
    }
    alignas(64) float out[k_wide];
    store(out, sums_of_lanes(sums));
    for (std::size_t h = 0; h < H; ++h) {
      __builtin_memcpy(queries.scores + h * queries.stride + p, out + h * k_keys,
                       k_keys * sizeof(float));
    }
  }
  for (; p < keys.positions; ++p) {
    for (std::size_t h = 0; h < H; ++h) {
      queries.scores[h * queries.stride + p] =
          score<Format>(queries.q + h * dim, keys.rows + p * dim, dim);
    }
  }
}

/// Values first .. first + count of up to 16 keys as columns: out[i][16]. Missing keys are zeros.
template <typename Format>
void transpose_keys(const Cache<Format>& keys, std::size_t first, std::size_t count, float* out) {
  for (std::size_t part = 0; part < k_rows; part += k_wide) {
    std::size_t i = 0;
    for (; keys.positions >= part + k_wide && i + k_wide <= count; i += k_wide) {
      Wide rows[k_wide];
#pragma GCC unroll 16
      for (std::size_t p = 0; p < k_wide; ++p) {
        rows[p] = Format::load_wide(keys.rows + (part + p) * keys.dim + first + i);
      }
      transpose(rows);
#pragma GCC unroll 16
      for (std::size_t p = 0; p < k_wide; ++p) store(out + (i + p) * k_rows + part, rows[p]);
    }
    for (; i < count; ++i) {
      for (std::size_t p = part; p < part + k_wide; ++p) {
        out[i * k_rows + p] =
            p < keys.positions ? Format::load1(keys.rows + p * keys.dim + first + i) : 0.0F;
      }
    }
  }
}

/// Any number of queries times up to 16 keys.
template <typename Format>
void many_scores(const Queries& queries, const Cache<Format>& keys) {
  alignas(64) float columns[k_block_dims * k_rows];
  alignas(64) float partial[64 * k_rows];  // of a last block of keys
  const bool full = keys.positions == k_rows;
  for (std::size_t q = 0; q < queries.count; q += 64) {
    const std::size_t count = smaller(queries.count - q, 64);
    float* scores = queries.scores + q * queries.stride;
    const std::size_t stride = full ? queries.stride : k_rows;
    for (std::size_t i = 0; i < keys.dim; i += k_block_dims) {
      const std::size_t dims = smaller(keys.dim - i, k_block_dims);
      if (q == 0 || keys.dim > k_block_dims) transpose_keys(keys, i, dims, columns);
      const Panel<F32> panel{columns, k_rows, dims};
      const TileColumns tiles{queries.q + q * keys.dim + i, keys.dim, full ? scores : partial,
                              stride};
      if (i == 0) {
        run_tiles<F32, false>(panel, tiles, count);
      } else {
        run_tiles<F32, true>(panel, tiles, count);
      }
    }
    for (std::size_t h = 0; !full && h < count; ++h) {
      __builtin_memcpy(scores + h * queries.stride, partial + h * k_rows,
                       keys.positions * sizeof(float));
    }
  }
}

template <typename Format>
void scores_of(const float* q, std::size_t queries, const Cache<Format>& keys, float* out,
               std::size_t stride) {
  const std::size_t dim = keys.dim;
  if (queries > k_few_queries) {
    for (std::size_t p = 0; p < keys.positions; p += k_rows) {
      const Cache<Format> block{keys.rows + p * dim, smaller(keys.positions - p, k_rows), dim};
      many_scores<Format>({q, queries, out + p, stride}, block);
    }
    return;
  }
  std::size_t h = 0;
  if (queries == 4) {
    few_scores<4>({q, 4, out, stride}, keys);
    return;
  }
  if (queries >= 2) {
    few_scores<2>({q, 2, out, stride}, keys);
    h = 2;
  }
  if (h < queries) few_scores<1>({q + h * dim, 1, out + h * stride, stride}, keys);
}

/// out[h][16] += sum over positions of weights[h][p] * values[p][16], for up to k_block_positions.
template <typename Format>
void mix_slab(const Panel<Format>& values, const TileColumns& rows, std::size_t queries) {
  if (queries <= k_tile) {
    run_tiles<Format, true>(values, rows, queries);
    return;
  }
  alignas(64) float wide[k_block_positions * k_rows];
  widen<Format>(values, wide);
  run_tiles<F32, true>({wide, k_rows, values.count}, rows, queries);
}

/// The last dimensions of a head that do not fill 16.
template <typename Format>
void mix_rest(const Panel<Format>& values, const TileColumns& rows, std::size_t queries,
              std::size_t dims) {
  alignas(64) float wide[k_block_positions * k_rows];
  for (std::size_t p = 0; p < values.count; ++p) {
    for (std::size_t i = 0; i < k_rows; ++i) {
      wide[p * k_rows + i] =
          i < dims ? Format::load1(values.weights + p * values.stride + i) : 0.0F;
    }
  }
  alignas(64) float sums[k_tile * k_rows];
  for (std::size_t h = 0; h < queries; h += k_tile) {
    const std::size_t count = smaller(queries - h, k_tile);
    run_tiles<F32, false>({wide, k_rows, values.count},
                          {rows.x + h * rows.x_stride, rows.x_stride, sums, k_rows}, count);
    for (std::size_t n = 0; n < count; ++n) {
      float* out = rows.c + (h + n) * rows.c_stride;
      for (std::size_t i = 0; i < dims; ++i) out[i] += sums[n * k_rows + i];
    }
  }
}

template <typename Format>
void mix_of(const float* weights, std::size_t queries, std::size_t stride,
            const Cache<Format>& values, float* out) {
  const std::size_t dim = values.dim;
  const bool few = queries <= k_few_queries;
  const std::size_t most =
      few && dim > k_slabs * k_rows ? (k_few_values + dim - 1) / dim : k_block_positions;
  for (std::size_t p = 0; p < values.positions; p += most) {
    const std::size_t count = smaller(values.positions - p, most);
    const auto* block = values.rows + p * dim;
    std::size_t i = 0;
    for (; few && i + k_slabs * k_rows <= dim; i += k_slabs * k_rows) {
      // Whole rows are asked for by the first slabs; the others find them in the cache.
      const std::size_t ahead = values.fetch_ahead && i == 0 ? dim * sizeof(*block) : 0;
      run_slabs<Format>({block + i, dim, count}, {weights + p, stride, out + i, dim}, queries,
                        ahead);
    }
    for (; i < dim; i += k_rows) {
      const Panel<Format> slab{block + i, dim, count};
      const TileColumns rows{weights + p, stride, out + i, dim};
      if (dim - i >= k_rows) {
        mix_slab<Format>(slab, rows, queries);
      } else {
        mix_rest<Format>(slab, rows, queries, dim - i);
      }
    }
  }
}

template <typename Format>
void scores(const float* q, std::size_t queries, const CacheRows& keys, float* out,
            std::size_t stride) {
  scores_of<Format>(q, queries, cache_of<Format>(keys), out, stride);
}

template <typename Format>
void mix(const float* weights, std::size_t queries, std::size_t stride, const CacheRows& values,
         float* out) {
  mix_of<Format>(weights, queries, stride, cache_of<Format>(values), out);
}

// Q8_0 rows: blocks of d (f16) and 32 int8. A tile of them is widened at a time, which leaves most
// of the first level cache to the queries: about 8 KiB, but whole groups of keys.
constexpr std::size_t k_wide_values = 2048;
constexpr std::size_t k_widest_head = 4096;

void widen_row(const std::byte* row, std::size_t dim, float* out) {
  for (std::size_t i = 0; i < dim; i += 32, row += 34) {
    const float scale = half_to_float(row);
    const Wide d = all_wide(scale);
    const auto* codes = reinterpret_cast<const std::int8_t*>(row + 2);
    std::size_t j = 0;
    for (; j < 32 && i + j + k_wide <= dim; j += k_wide) {
      store(out + i + j, times(to_floats(codes + j), d));
    }
    for (; j < 32 && i + j < dim; ++j) out[i + j] = static_cast<float>(codes[j]) * scale;
  }
}

/// Calls use(first, count, values) for tiles of rows.
template <typename Use>
void for_each_tile(const CacheRows& rows, Use use) {
  alignas(64) float wide[k_rows * k_widest_head];
  const auto [first_row, positions, dim, fetch_ahead] = rows;
  const std::size_t bytes = (dim + 31) / 32 * 34;
  const std::size_t groups = k_wide_values / dim / k_rows;
  const std::size_t tile = groups > 1 ? groups * k_rows : k_rows;
  for (std::size_t first = 0; first < positions; first += tile) {
    const std::size_t count = smaller(positions - first, tile);
    for (std::size_t p = 0; p < count; ++p) {
      const std::byte* row = first_row + (first + p) * bytes;
      if (fetch_ahead) fetch_ahead_of(row, bytes);
      widen_row(row, dim, wide + p * dim);
    }
    use(first, Cache<F32>{wide, count, dim});
  }
}

void scores_q8_0(const float* q, std::size_t queries, const CacheRows& keys, float* out,
                 std::size_t stride) {
  for_each_tile(keys, [=](std::size_t first, const Cache<F32>& wide) {
    scores_of(q, queries, wide, out + first, stride);
  });
}

void mix_q8_0(const float* weights, std::size_t queries, std::size_t stride,
              const CacheRows& values, float* out) {
  for_each_tile(values, [=](std::size_t first, const Cache<F32>& wide) {
    mix_of(weights + first, queries, stride, wide, out);
  });
}

// By CacheFormat.
constexpr CacheKernels k_cache_kernels[k_cache_formats] = {{scores<F16>, mix<F16>},
                                                           {scores<F32>, mix<F32>},
                                                           {scores<Bf16>, mix<Bf16>},
                                                           {scores_q8_0, mix_q8_0}};

}  // namespace
}  // namespace assay
