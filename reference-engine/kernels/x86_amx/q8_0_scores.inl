// Scores of few queries over keys in Q8_0: the codes of keys times the digits of queries.
#pragma once

#include "reference-engine/kernels/x86_amx/q8_0_cache.inl"

namespace assay {
namespace {

/// 16 rows of the cache.
constexpr std::size_t k_keys = k_tile_rows;
constexpr TileShapes k_score_shapes = shapes_for(k_block);

constexpr std::size_t k_most_blocks = k_widest_head / k_block;

/// Up to four queries as a tile's values: [blocks][values / 4][4 digit + query][4].
struct QueryDigits {
  alignas(64) std::int8_t codes[k_most_blocks][k_block / 4][k_tile_rows][4];
  float scales[k_tile_queries];

  /// False when the values of a query have no digits.
  bool fill(const float* q, std::size_t queries, std::size_t dim) {
    __builtin_memset(codes, 0, dim / k_block * sizeof(codes[0]));
    for (std::size_t h = 0; h < k_tile_queries; ++h) {
      scales[h] = 0.0F;
      if (h >= queries) continue;
      const float largest = largest_magnitude(q + h * dim, dim);
      if (!has_digits(largest)) return false;
      scales[h] = largest / k_largest_number;
      take(q + h * dim, dim, k_largest_number / largest, h);
    }
    return true;
  }

 private:
  void take(const float* q, std::size_t dim, float factor, std::size_t query) {
    alignas(64) std::int8_t digits[k_lanes][4];
    for (std::size_t i = 0; i < dim; i += k_lanes) {
      store(digits, digits_of(load_floats(q + i), all(factor)));
      for (std::size_t j = 0; j < k_lanes; ++j) {
        auto& quad = codes[i / k_block][(i % k_block + j) / 4];
        for (std::size_t d = 0; d < k_digits; ++d) {
          quad[k_tile_queries * d + query][j % 4] = digits[j][d];
        }
      }
    }
  }
};

/// The products of a block of 16 keys with the digits of queries, in tile 0 or 1, into memory.
struct BlockSums {
  alignas(64) std::int32_t of[k_keys][k_tile_rows];
};

template <std::size_t tile>
void multiply_keys(const std::byte* block, std::size_t row_bytes, const void* digits,
                   BlockSums& sums) {
  settle_memory();
  if constexpr (tile == 0) {
    ASSAY_TILE(loadd, 4, block + 2, row_bytes);
    ASSAY_TILE(loadd, 6, digits, k_tile_rows * 4);
    ASSAY_TILE(zero, 0);
    ASSAY_TILE(dpbssd, 0, 4, 6);
    ASSAY_TILE(stored, 0, sums.of, sizeof(sums.of[0]));
  } else {
    ASSAY_TILE(loadd, 5, block + 2, row_bytes);
    ASSAY_TILE(loadd, 7, digits, k_tile_rows * 4);
    ASSAY_TILE(zero, 1);
    ASSAY_TILE(dpbssd, 1, 5, 7);
    ASSAY_TILE(stored, 1, sums.of, sizeof(sums.of[0]));
  }
  settle_memory();
}

/// results[key] += sums * the key's scale
[[gnu::always_inline]] inline void add_block(const BlockSums& sums, Floats scales,
                                             Floats (&results)[k_keys]) {
  alignas(64) float scale[k_keys];
  store(scale, scales);
#pragma GCC unroll 16
  for (std::size_t p = 0; p < k_keys; ++p) {
    const Floats sum = _mm512_cvtepi32_ps(_mm512_load_si512(sums.of[p]));
    results[p] = multiply_add(sum, all(scale[p]), results[p]);
  }
}

/// Of the results [16 keys][4 digit + query] of which each query's digits are put together, the
/// vectors [query][16 keys].
[[gnu::always_inline]] inline void by_queries(const Floats (&results)[k_keys],
                                              const Floats (&factors)[k_digits],
                                              Floats (&out)[k_tile_queries]) {
  Floats quads[4];  // [keys i, 4 + i, 8 + i, 12 + i][query]
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    const Floats a = results[i];
    const Floats b = results[4 + i];
    const Floats c = results[8 + i];
    const Floats d = results[12 + i];
    const Floats ab = _mm512_shuffle_f32x4(a, b, 0x44);
    const Floats cd = _mm512_shuffle_f32x4(c, d, 0x44);
    const Floats first = _mm512_shuffle_f32x4(ab, cd, 0x88);
    const Floats second = _mm512_shuffle_f32x4(ab, cd, 0xDD);
    const Floats third = _mm512_shuffle_f32x4(_mm512_shuffle_f32x4(a, b, 0xEE),
                                              _mm512_shuffle_f32x4(c, d, 0xEE), 0x88);
    quads[i] =
        multiply_add(third, factors[2], multiply_add(second, factors[1], times(first, factors[0])));
  }
  const Floats low = _mm512_unpacklo_ps(quads[0], quads[1]);
  const Floats high = _mm512_unpackhi_ps(quads[0], quads[1]);
  const Floats more_low = _mm512_unpacklo_ps(quads[2], quads[3]);
  const Floats more_high = _mm512_unpackhi_ps(quads[2], quads[3]);
  out[0] = _mm512_shuffle_ps(low, more_low, 0x44);
  out[1] = _mm512_shuffle_ps(low, more_low, 0xEE);
  out[2] = _mm512_shuffle_ps(high, more_high, 0x44);
  out[3] = _mm512_shuffle_ps(high, more_high, 0xEE);
}

struct Scores {
  float* out;
  std::size_t stride;
  std::size_t queries;
};

/// Of whole groups of 16 keys.
void tile_scores(const QueryDigits& q, const CacheRows& keys, const Scores& scores) {
  const std::size_t blocks = keys.dim / k_block;
  const std::size_t row_bytes = blocks * k_block_bytes;
  const Floats scales = _mm512_broadcast_f32x4(_mm_loadu_ps(q.scales));
  const Floats factors[k_digits] = {scales, times(scales, all(0x1p8F)),
                                    times(scales, all(0x1p16F))};
  for (std::size_t p = 0; p < keys.positions; p += k_keys) {
    const std::byte* rows = keys.first + p * row_bytes;
    if (keys.fetch_ahead) fetch_ahead_of(rows, k_keys * row_bytes);
    BlockSums sums[2];
    Floats results[k_keys];
#pragma GCC unroll 16
    for (auto& result : results) result = all(0.0F);
    multiply_keys<0>(rows, row_bytes, q.codes[0], sums[0]);
    for (std::size_t b = 0; b < blocks; b += 2) {
      if (b + 1 < blocks) {
        multiply_keys<1>(rows + (b + 1) * k_block_bytes, row_bytes, q.codes[b + 1], sums[1]);
      }
      add_block(sums[0], scales_of(rows + b * k_block_bytes, row_bytes), results);
      if (b + 1 == blocks) break;
      if (b + 2 < blocks) {
        multiply_keys<0>(rows + (b + 2) * k_block_bytes, row_bytes, q.codes[b + 2], sums[0]);
      }
      add_block(sums[1], scales_of(rows + (b + 1) * k_block_bytes, row_bytes), results);
    }
    Floats out[k_tile_queries];
    by_queries(results, factors, out);
    for (std::size_t h = 0; h < scores.queries; ++h) {
      store(scores.out + h * scores.stride + p, out[h]);
    }
  }
}

/// Of one tile's queries.
void few_scores_by_tiles(const float* q, std::size_t queries, const CacheRows& keys, float* out,
                         std::size_t stride) {
  const std::size_t whole = keys.positions / k_keys * k_keys;
  QueryDigits digits;
  if (whole == 0 || !digits.fill(q, queries, keys.dim)) {
    scores_q8_0(q, queries, keys, out, stride);
    return;
  }
  {
    const Tiles tiles(k_score_shapes);
    tile_scores(digits, first_rows(keys, whole), {out, stride, queries});
  }
  if (whole < keys.positions) {
    scores_q8_0(q, queries, rows_from(keys, whole), out + whole, stride);
  }
}

void scores_by_tiles(const float* q, std::size_t queries, const CacheRows& keys, float* out,
                     std::size_t stride) {
  if (queries > k_most_queries || keys.dim % k_block != 0) {
    scores_q8_0(q, queries, keys, out, stride);
    return;
  }
  for (std::size_t h = 0; h < queries; h += k_tile_queries) {
    few_scores_by_tiles(q + h * keys.dim, smaller(queries - h, k_tile_queries), keys,
                        out + h * stride, stride);
  }
}

}  // namespace
}  // namespace assay
