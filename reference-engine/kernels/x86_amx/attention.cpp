// Attention of few queries (a step of decode) over a cache in Q8_0 by the tiles of AMX: its codes
// are multiplied as they are stored, queries and weights as digits. Four queries at a time take
// half of what AVX-512 needs; it does the rest.
#include "reference-engine/kernels/panels/attention.inl"
#include "reference-engine/kernels/x86_amx/digits.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx/tiles.inl"

namespace assay {
namespace {

constexpr std::size_t k_block = 32;  // codes that share a scale
constexpr std::size_t k_block_bytes = 34;
// Queries whose digits are the columns, or rows, of one tile: digit d of query q is number 4 d + q.
constexpr std::size_t k_tile_queries = 4;
// With more of them AVX-512 is as fast.
constexpr std::size_t k_most_queries = 16;
constexpr std::size_t k_most_blocks = k_widest_head / k_block;
static_assert(k_tile_queries * k_digits <= k_tile_rows);

/// 16 rows of the cache.
constexpr std::size_t k_keys = k_tile_rows;
constexpr TileShapes k_score_shapes = shapes_for(k_block);

/// The scales of a block in 16 rows. What is read with a scale, its first two codes, is cut off.
inline Floats scales_of(const std::byte* block, std::size_t row_bytes) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i offsets = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(static_cast<int>(row_bytes)));
  const __m512i words = _mm512_i32gather_epi32(offsets, block, 1);
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words));
}

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
void tile_scores(const QueryDigits& q, const std::byte* keys, std::size_t positions,
                 std::size_t dim, const Scores& scores) {
  const std::size_t blocks = dim / k_block;
  const std::size_t row_bytes = blocks * k_block_bytes;
  const Floats scales = _mm512_broadcast_f32x4(_mm_loadu_ps(q.scales));
  const Floats factors[k_digits] = {scales, times(scales, all(0x1p8F)),
                                    times(scales, all(0x1p16F))};
  for (std::size_t p = 0; p < positions; p += k_keys) {
    const std::byte* rows = keys + p * row_bytes;
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
void few_scores_by_tiles(const float* q, std::size_t queries, const std::byte* keys,
                         std::size_t positions, std::size_t dim, float* out, std::size_t stride) {
  const std::size_t whole = positions / k_keys * k_keys;
  QueryDigits digits;
  if (whole == 0 || !digits.fill(q, queries, dim)) {
    scores_q8_0(q, queries, keys, positions, dim, out, stride);
    return;
  }
  {
    const Tiles tiles(k_score_shapes);
    tile_scores(digits, keys, whole, dim, {out, stride, queries});
  }
  if (whole < positions) {
    scores_q8_0(q, queries, keys + whole * (dim / k_block) * k_block_bytes, positions - whole, dim,
                out + whole, stride);
  }
}

void scores_by_tiles(const float* q, std::size_t queries, const std::byte* keys,
                     std::size_t positions, std::size_t dim, float* out, std::size_t stride) {
  if (queries > k_most_queries || dim % k_block != 0) {
    scores_q8_0(q, queries, keys, positions, dim, out, stride);
    return;
  }
  for (std::size_t h = 0; h < queries; h += k_tile_queries) {
    few_scores_by_tiles(q + h * dim, smaller(queries - h, k_tile_queries), keys, positions, dim,
                        out + h * stride, stride);
  }
}

// Positions whose weights and values are multiplied at once.
constexpr std::size_t k_step = 64;
// Positions that share the scale of their weights: their sums of products, 2^14 each, stay below
// 2^24.
constexpr std::size_t k_piece = 1024;
constexpr TileShapes k_mix_shapes = shapes_for(k_step);

/// A piece of a cache of values: two blocks of its rows, or the last one.
struct ValueBlocks {
  const std::byte* first;
  std::size_t row_bytes;
  std::size_t positions;  // whole steps
  std::size_t blocks;
};

/// The scales of the blocks, and the largest of each.
struct ValueScales {
  alignas(64) float of[2][k_piece];
  float largest[2];

  explicit ValueScales(const ValueBlocks& values) {
    for (std::size_t b = 0; b < values.blocks; ++b) {
      const std::byte* block = values.first + b * k_block_bytes;
      for (std::size_t p = 0; p < values.positions; p += k_lanes) {
        store(of[b] + p, scales_of(block + p * values.row_bytes, values.row_bytes));
      }
      largest[b] = largest_magnitude(of[b], values.positions);
    }
  }
};

/// Weights times the scale of a block as a tile's values: [4 digit + query][positions], the
/// positions in the order of `transpose_quads`.
struct WeightDigits {
  alignas(64) std::int8_t codes[k_tile_rows][k_step];

  void fill(const float* weights, const float* scales, float factor, std::size_t query) {
    const __m512i by_digits =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    __m512i d[4];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const Floats weight = load_floats(weights + i * k_lanes);
      const Floats scaled = times(weight, load_floats(scales + i * k_lanes));
      d[i] = _mm512_shuffle_epi8(digits_of(scaled, all(factor)), by_digits);
    }
    const __m512i low = _mm512_unpacklo_epi32(d[0], d[1]);
    const __m512i more_low = _mm512_unpacklo_epi32(d[2], d[3]);
    const __m512i high = _mm512_unpackhi_epi32(d[0], d[1]);
    const __m512i more_high = _mm512_unpackhi_epi32(d[2], d[3]);
    store(codes[query], _mm512_unpacklo_epi64(low, more_low));
    store(codes[k_tile_queries + query], _mm512_unpackhi_epi64(low, more_low));
    store(codes[2 * k_tile_queries + query], _mm512_unpacklo_epi64(high, more_high));
  }
};

/// A block of 64 values as two tiles' values: [positions / 4][16 dimensions][4]. The first tile has
/// dimensions 0-3, 16-19, 4-7 and 20-23, the second the others. The quad of positions 16 i + 4 j
/// and on is row 4 j + i.
struct ValueQuads {
  alignas(64) std::int8_t codes[2][k_step / 4][k_rows][4];

  void fill(const std::byte* block, std::size_t row_bytes) {
    for (std::size_t quad = 0; quad < k_step / 4; quad += 2) {
      const std::byte* rows = block + quad * 4 * row_bytes + 2;
      __m512i r[4];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) {
        r[i] = two_blocks(rows + i * row_bytes, rows + (4 + i) * row_bytes);
      }
      const __m512i low = _mm512_unpacklo_epi8(r[0], r[1]);
      const __m512i more_low = _mm512_unpacklo_epi8(r[2], r[3]);
      const __m512i high = _mm512_unpackhi_epi8(r[0], r[1]);
      const __m512i more_high = _mm512_unpackhi_epi8(r[2], r[3]);
      const std::size_t row = quad % 4 * 4 + quad / 4;
      put(0, row, 0, _mm512_unpacklo_epi16(low, more_low));
      put(0, row, 1, _mm512_unpackhi_epi16(low, more_low));
      put(1, row, 0, _mm512_unpacklo_epi16(high, more_high));
      put(1, row, 1, _mm512_unpackhi_epi16(high, more_high));
    }
  }

 private:
  static __m512i two_blocks(const std::byte* first, const std::byte* second) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }

  /// Half a row of a tile, and of the next quad's.
  void put(std::size_t tile, std::size_t row, std::size_t half, __m512i both_quads) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(codes[tile][row][8 * half]),
                       _mm512_castsi512_si256(both_quads));
    _mm256_store_si256(reinterpret_cast<__m256i*>(codes[tile][row + 4][8 * half]),
                       _mm512_extracti64x4_epi64(both_quads, 1));
  }
};

/// [two tiles of dimensions][4 digit + query][16 dimensions]
struct MixSums {
  alignas(64) std::int32_t of[2][k_tile_rows][k_rows];
};

/// Adds the products of weights and values of a step to tiles 0 and 1, or 2 and 3.
template <std::size_t block>
void multiply_values(const WeightDigits& weights, const ValueQuads& values) {
  settle_memory();
  ASSAY_TILE(loadd, 4, weights.codes, k_step);
  ASSAY_TILE(loadd, 6, values.codes[0], 64);
  ASSAY_TILE(loadd, 7, values.codes[1], 64);
  if constexpr (block == 0) {
    ASSAY_TILE(dpbssd, 0, 4, 6);
    ASSAY_TILE(dpbssd, 1, 4, 7);
  } else {
    ASSAY_TILE(dpbssd, 2, 4, 6);
    ASSAY_TILE(dpbssd, 3, 4, 7);
  }
}

/// out[query][32] += what a block's sums stand for
void add_sums(const MixSums& sums, const float (&scales)[k_tile_queries], std::size_t queries,
              float* out, std::size_t dim) {
  const __m512i low = _mm512_setr_epi32(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(4));
  for (std::size_t h = 0; h < queries; ++h) {
    Floats half[2];
    for (std::size_t t = 0; t < 2; ++t) {
      __m512i d[k_digits];
      for (std::size_t i = 0; i < k_digits; ++i) d[i] = load(sums.of[t][k_tile_queries * i + h]);
      half[t] = value_of_digits(d, all(scales[h]));
    }
    float* to = out + h * dim;
    store(to, plus(load_floats(to), _mm512_permutex2var_ps(half[0], low, half[1])));
    store(to + k_rows,
          plus(load_floats(to + k_rows), _mm512_permutex2var_ps(half[0], high, half[1])));
  }
}

/// out[32] += codes * weight
inline void add_scaled_codes(const std::int8_t* codes, float weight, float* out) {
  for (std::size_t i = 0; i < k_block; i += k_lanes) {
    store(out + i, multiply_add(to_floats(codes + i), all(weight), load_floats(out + i)));
  }
}

struct Weights {
  const float* of;
  std::size_t stride;
  std::size_t queries;
  float largest[k_tile_queries];
};

/// What the products of the weights of each query and the scales of each block are divided by, and
/// multiplied with: zero where all of them are zero.
struct WeightScales {
  float units[2][k_tile_queries] = {};
  float factors[2][k_tile_queries] = {};

  /// False when products have no digits.
  bool fill(const Weights& weights, const ValueScales& scales, std::size_t blocks) {
    for (std::size_t b = 0; b < blocks; ++b) {
      for (std::size_t h = 0; h < weights.queries; ++h) {
        const float largest = weights.largest[h] * scales.largest[b];
        if (largest == 0.0F) continue;
        if (!has_digits(largest)) return false;
        units[b][h] = largest / k_largest_number;
        factors[b][h] = k_largest_number / largest;
      }
    }
    return true;
  }
};

/// out += weights * values, by float32.
void mix_without_digits(const Weights& weights, const ValueBlocks& values,
                        const ValueScales& scales, float* out, std::size_t dim) {
  for (std::size_t p = 0; p < values.positions; ++p) {
    for (std::size_t b = 0; b < values.blocks; ++b) {
      const std::byte* block = values.first + p * values.row_bytes + b * k_block_bytes;
      const auto* codes = reinterpret_cast<const std::int8_t*>(block + 2);
      for (std::size_t h = 0; h < weights.queries; ++h) {
        const float weight = weights.of[h * weights.stride + p] * scales.of[b][p];
        add_scaled_codes(codes, weight, out + h * dim + b * k_block);
      }
    }
  }
}

/// out += weights * values, for one piece.
void mix_blocks(const Weights& weights, const ValueBlocks& values, float* out, std::size_t dim) {
  const ValueScales scales(values);
  WeightScales found;
  if (!found.fill(weights, scales, values.blocks)) {
    mix_without_digits(weights, values, scales, out, dim);
    return;
  }
  WeightDigits digits;
  __builtin_memset(digits.codes, 0, sizeof(digits.codes));
  ValueQuads quads;
  ASSAY_TILE(zero, 0);
  ASSAY_TILE(zero, 1);
  ASSAY_TILE(zero, 2);
  ASSAY_TILE(zero, 3);
  for (std::size_t p = 0; p < values.positions; p += k_step) {
    for (std::size_t b = 0; b < values.blocks; ++b) {
      for (std::size_t h = 0; h < weights.queries; ++h) {
        digits.fill(weights.of + h * weights.stride + p, scales.of[b] + p, found.factors[b][h], h);
      }
      quads.fill(values.first + p * values.row_bytes + b * k_block_bytes, values.row_bytes);
      if (b == 0) {
        multiply_values<0>(digits, quads);
      } else {
        multiply_values<1>(digits, quads);
      }
    }
  }
  MixSums sums[2];
  ASSAY_TILE(stored, 0, sums[0].of[0], 64);
  ASSAY_TILE(stored, 1, sums[0].of[1], 64);
  ASSAY_TILE(stored, 2, sums[1].of[0], 64);
  ASSAY_TILE(stored, 3, sums[1].of[1], 64);
  settle_memory();
  for (std::size_t b = 0; b < values.blocks; ++b) {
    add_sums(sums[b], found.units[b], weights.queries, out + b * k_block, dim);
  }
}

/// Whole steps, k_piece positions at most.
void mix_piece(Weights weights, const std::byte* values, std::size_t positions, float* out,
               std::size_t dim) {
  for (std::size_t h = 0; h < weights.queries; ++h) {
    weights.largest[h] = largest_magnitude(weights.of + h * weights.stride, positions);
  }
  const Tiles tiles(k_mix_shapes);
  const std::size_t blocks = dim / k_block;
  for (std::size_t b = 0; b < blocks; b += 2) {
    mix_blocks(
        weights,
        {values + b * k_block_bytes, blocks * k_block_bytes, positions, smaller(blocks - b, 2)},
        out + b * k_block, dim);
  }
}

void mix_by_tiles(const float* weights, std::size_t queries, std::size_t stride,
                  const std::byte* values, std::size_t positions, std::size_t dim, float* out) {
  if (queries > k_most_queries || dim % k_block != 0) {
    mix_q8_0(weights, queries, stride, values, positions, dim, out);
    return;
  }
  const std::size_t row_bytes = dim / k_block * k_block_bytes;
  const std::size_t whole = positions / k_step * k_step;
  for (std::size_t p = 0; p < whole; p += k_piece) {
    const std::size_t count = smaller(whole - p, k_piece);
    for (std::size_t h = 0; h < queries; h += k_tile_queries) {
      mix_piece({weights + h * stride + p, stride, smaller(queries - h, k_tile_queries), {}},
                values + p * row_bytes, count, out + h * dim, dim);
    }
  }
  if (whole < positions) {
    mix_q8_0(weights + whole, queries, stride, values + whole * row_bytes, positions - whole, dim,
             out);
  }
}

}  // namespace

constinit const KernelTable k_amx_attention{
    .isa = "amx",
    .cache = {{}, {}, {}, {scores_by_tiles, mix_by_tiles}},
};

}  // namespace assay
