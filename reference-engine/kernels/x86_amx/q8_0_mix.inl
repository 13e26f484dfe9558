// Weighted sums of values in Q8_0 for few queries: the digits of weights times the codes of values.
#pragma once

#include "reference-engine/kernels/x86_amx/q8_0_cache.inl"

namespace assay {
namespace {

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
void mix_piece(Weights weights, const CacheRows& values, float* out) {
  for (std::size_t h = 0; h < weights.queries; ++h) {
    weights.largest[h] = largest_magnitude(weights.of + h * weights.stride, values.positions);
  }
  const Tiles tiles(k_mix_shapes);
  const std::size_t blocks = values.dim / k_block;
  const std::size_t row_bytes = blocks * k_block_bytes;
  for (std::size_t b = 0; b < blocks; b += 2) {
    mix_blocks(
        weights,
        {values.first + b * k_block_bytes, row_bytes, values.positions, smaller(blocks - b, 2)},
        out + b * k_block, values.dim);
  }
}

void mix_by_tiles(const float* weights, std::size_t queries, std::size_t stride,
                  const CacheRows& values, float* out) {
  if (queries > k_most_queries || values.dim % k_block != 0) {
    mix_q8_0(weights, queries, stride, values, out);
    return;
  }
  const std::size_t whole = values.positions / k_step * k_step;
  for (std::size_t p = 0; p < whole; p += k_piece) {
    const CacheRows piece = first_rows(rows_from(values, p), smaller(whole - p, k_piece));
    for (std::size_t h = 0; h < queries; h += k_tile_queries) {
      mix_piece({weights + h * stride + p, stride, smaller(queries - h, k_tile_queries), {}}, piece,
                out + h * values.dim);
    }
  }
  if (whole < values.positions) {
    mix_q8_0(weights + whole, queries, stride, rows_from(values, whole), out);
  }
}

}  // namespace
}  // namespace assay
