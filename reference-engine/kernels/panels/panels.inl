// Panels as all vector kernels use them. The simd.inl of the instruction set that a translation
// unit is compiled for defines, for vectors of k_lanes rows:
//   Codes, Floats        k_lanes groups of 4 codes; k_lanes float32
//   load, store          unaligned
//   both, either, each   bitwise and, or; one byte everywhere
//   flip                 bitwise exclusive or
//   minus, to_floats     of float32; of k_lanes bytes, signed or not
//   up, down             shifts, of bytes or of 16-bit lanes: bits of neighbours may come in
//   look_up              a table of 16 bytes, by indices below 16
//   load_halves          k_lanes binary16 values
//   load_powers          k_lanes E8M0 scales, 2^(e - 128)
// for the integer factors of 16 rows, a byte each:
//   Factors, Sixteen     one or two times 16 bytes, and once; both, either, up, down as for codes
//   load_factors, store_factors, load_sixteen, store_sixteen
//   each_factor, each_sixteen, less   one byte everywhere; a - b of bytes
// for rows of float32 values, attention's queries, keys and values:
//   Wide                 k_wide of them (Floats itself where that is wide enough)
//   all_wide, store, to_floats (of int8), times, multiply_add (a * b + c, rounded once)
//   sum_of_lanes, sums_of_lanes (of k_wide vectors, in order), transpose (of k_wide vectors)
// for vector.inl, of Floats:
//   all, load_floats, load_some, store_some, plus, minus, times, over, lesser, greater
//   multiply_add, subtract_product, nearest, times_power, keep_from
//   sum_of_lanes, largest_of_lanes
// and half_to_float, of one binary16 value.
// Included inside each translation unit; everything here is local to it.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__ARM_NEON)
#include "reference-engine/kernels/arm_neon/simd.inl"
#elif defined(__AVX512VNNI__)
#include "reference-engine/kernels/x86_avx512/simd.inl"
#else
#include "reference-engine/kernels/x86_avx2/simd.inl"
#endif

namespace assay {
namespace {

// A panel holds 16 rows. The lanes of its vectors are rows, so that no product ends with a sum
// across lanes.
constexpr std::size_t k_rows = 16;

constexpr std::size_t smaller(std::size_t a, std::size_t b) { return a < b ? a : b; }

// How far ahead rows of a cache are asked for.
constexpr std::size_t k_bytes_ahead = 1536;

/// Asks for what lies ahead of `bytes` bytes.
inline void fetch_ahead_of(const void* at, std::size_t bytes) {
  const char* ahead = static_cast<const char*>(at) + k_bytes_ahead;
  for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(ahead + i);
}

/// Copies `bytes` bytes of each of `rows` stored rows, `row_bytes` apart, in groups of `group`
/// bytes: to[g][r][group]. Rows that do not exist become zeros.
inline void interleave(const std::byte* from, std::size_t rows, std::size_t row_bytes,
                       std::size_t bytes, std::size_t group, std::byte* to) {
  for (std::size_t g = 0; g < bytes / group; ++g) {
    for (std::size_t r = 0; r < k_rows; ++r, to += group) {
      if (r < rows) {
        __builtin_memcpy(to, from + r * row_bytes + g * group, group);
      } else {
        __builtin_memset(to, 0, group);
      }
    }
  }
}

/// Columns of codes from some block on.
struct Columns {
  const std::int8_t* codes;
  const float* scales;
  const std::int16_t* sums;
  std::size_t k;  // from column to column

  [[nodiscard]] Columns at(std::size_t column, std::size_t value) const {
    return {codes + column * k + value, scales + (column * k + value) / 32,
            sums + (column * k + value) / 16, k};
  }
};

}  // namespace
}  // namespace assay
