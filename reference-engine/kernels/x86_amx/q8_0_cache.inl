// Rows of a cache in Q8_0 as the tiles of AMX take them.
#pragma once

#include "reference-engine/kernels/panels/attention.inl"
#include "reference-engine/kernels/x86_amx/digits.inl"
#include "reference-engine/kernels/x86_amx/tiles.inl"

namespace assay {
namespace {

constexpr std::size_t k_block = 32;  // codes that share a scale
constexpr std::size_t k_block_bytes = 34;
// Queries whose digits are the columns, or rows, of one tile: digit d of query q is number 4 d + q.
constexpr std::size_t k_tile_queries = 4;
// With more of them AVX-512 is as fast.
constexpr std::size_t k_most_queries = 16;
static_assert(k_tile_queries * k_digits <= k_tile_rows);

inline CacheRows first_rows(CacheRows rows, std::size_t count) {
  rows.positions = count;
  return rows;
}

/// Without the first `skipped` rows, of whole blocks.
inline CacheRows rows_from(CacheRows rows, std::size_t skipped) {
  rows.first += skipped * (rows.dim / k_block) * k_block_bytes;
  rows.positions -= skipped;
  return rows;
}

/// The scales of a block in 16 rows. What is read with a scale, its first two codes, is cut off.
inline Floats scales_of(const std::byte* block, std::size_t row_bytes) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i offsets = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(static_cast<int>(row_bytes)));
  const __m512i words = _mm512_i32gather_epi32(offsets, block, 1);
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words));
}

}  // namespace
}  // namespace assay
