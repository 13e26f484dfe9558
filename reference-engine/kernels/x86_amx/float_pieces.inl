// Float32 values as sums of bfloat16 values, whose products the tiles of AMX add up in float32: a
// value of p significant bits is exactly the sum of p / 8 pieces, each the nearest bfloat16 to what
// the ones before leave.
//
// A piece is at most 2^-8 of the one before it. Products of pieces i of a weight and j of an
// activation (from 0) with i + j <= 2 are added up; those left out are at most 2^-24 of the
// product, as float32 rounds. Bfloat16 weights are one piece: nothing is left out.
//
// The tiles take subnormal pieces for zero: what is lost of a value is below 2^-126.
#pragma once

#include "reference-engine/kernels/x86_avx512/float_tile.inl"

namespace assay {
namespace {

constexpr std::size_t k_column_pieces = 3;

/// The pieces of a format's weights: of 24, 11 and 8 significant bits.
template <typename Format>
constexpr std::size_t k_weight_pieces = 1;
template <>
constexpr std::size_t k_weight_pieces<F32> = 3;
template <>
constexpr std::size_t k_weight_pieces<F16> = 2;

/// Takes the nearest bfloat16 (ties away from zero) from each value: its bits are the upper half.
inline __m512i take_piece(Floats& values) {
  const __m512i half = _mm512_set1_epi32(0x8000);
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
  const __m512i rounded = _mm512_add_epi32(_mm512_castps_si512(values), half);
  const __m512i piece = _mm512_and_si512(rounded, upper);
  values = _mm512_sub_ps(values, _mm512_castsi512_ps(piece));
  return piece;
}

/// The upper halves of 32 values, in order.
inline __m512i upper_halves(__m512i first, __m512i second) {
  alignas(64) static constexpr std::uint16_t k_odd[32] = {
      1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
      33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  return _mm512_permutex2var_epi16(first, _mm512_load_si512(k_odd), second);
}

/// [16][2]: the upper halves of the values of two rows in turn.
inline __m512i pairs_of(__m512i first, __m512i second) {
  return _mm512_or_si512(_mm512_srli_epi32(first, 16), second);
}

}  // namespace
}  // namespace assay
