#pragma once

#include <cstddef>
#include <cstdint>

#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"

namespace assay {

// What all block formats have in common. A format is a struct with
//   Block                          the stored block, byte for byte
//   k_format, k_values             its number; values of a block
//   k_group                        values that share a scale: 16 or 32
//   k_has_offset                   whether a group adds an offset
//   k_scale_fields                 where the floating-point scales are
//   unpack(block, values)          the block as BlockValues
//   encode(x)                      the block of k_values values
//   randomise(block, deviation, random)
//                                  turns a block of random bytes into one whose values have this
//                                  standard deviation and a mean near zero

/// A block in exact numbers: value j = scale[j / k_group] * q[j] + offset[j / k_group]. The scales
/// are products of a binary16 or power of two and an integer below 256: float32 holds them exactly,
/// and so it does the offsets.
template <typename Format>
struct BlockValues {
  std::int8_t q[Format::k_values];
  float scale[Format::k_values / Format::k_group];
  float offset[Format::k_values / Format::k_group];
};

template <typename Format>
void decode_blocks(const std::byte* row, std::size_t k, float* out) {
  for (std::size_t b = 0; b < k / Format::k_values; ++b) {
    BlockValues<Format> values;
    Format::unpack(load_block<typename Format::Block>(row, b), values);
    for (std::size_t j = 0; j < Format::k_values; ++j) {
      const float product = values.scale[j / Format::k_group] * static_cast<float>(values.q[j]);
      *out++ = Format::k_has_offset ? product + values.offset[j / Format::k_group] : product;
    }
  }
}

/// Row times one column: integer sums are exact, the rest is float64.
template <typename Format>
double dot_blocks(const std::byte* row, const Q8Columns* q8, const F32Columns*,
                  std::size_t column) {
  constexpr std::size_t k_group = Format::k_group;
  const std::int8_t* codes = q8->codes + column * q8->k;
  const float* x_scales = q8->scales + column * (q8->k / 32);
  double sum = 0.0;
  for (std::size_t b = 0; b < q8->k / Format::k_values; ++b) {
    BlockValues<Format> values;
    Format::unpack(load_block<typename Format::Block>(row, b), values);
    for (std::size_t g = 0; g < Format::k_values / k_group; ++g) {
      const std::size_t at = b * Format::k_values + g * k_group;
      const auto x_scale = static_cast<double>(x_scales[at / 32]);
      sum += static_cast<double>(values.scale[g]) * x_scale *
             integer_dot(values.q + g * k_group, codes + at, k_group);
      if constexpr (Format::k_has_offset) {
        sum += static_cast<double>(values.offset[g]) * x_scale * integer_sum(codes + at, k_group);
      }
    }
  }
  return sum;
}

template <typename Format>
void encode_blocks(const float* values, std::size_t k, std::byte* row) {
  for (std::size_t b = 0; b < k / Format::k_values; ++b) {
    store_block(row, b, Format::encode(values + b * Format::k_values));
  }
}

template <typename Format>
void fill_random_blocks(std::uint64_t seed, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(seed);
  for (std::size_t b = 0; b < k / Format::k_values; ++b) {
    typename Format::Block block;
    random.fill(&block, sizeof(block));
    Format::randomise(block, deviation, random);
    store_block(row, b, block);
  }
}

template <typename Format>
void fill_pattern_blocks(std::uint8_t pattern, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(pattern);
  for (std::size_t b = 0; b < k / Format::k_values; ++b) {
    typename Format::Block block;
    std::memset(&block, pattern, sizeof(block));
    Format::randomise(block, deviation, random);
    store_block(row, b, block);
  }
}

template <typename Format>
constexpr FormatDefinition definition_of() {
  return {Format::k_format,
          true,
          Format::k_scale_fields,
          decode_blocks<Format>,
          encode_blocks<Format>,
          fill_random_blocks<Format>,
          fill_pattern_blocks<Format>,
          dot_blocks<Format>};
}

/// 32 codes of 4 bits in 16 bytes: byte j holds code j below and code j + 16 above.
template <typename Code>
void unpack_nibbles(const std::uint8_t nibbles[16], Code q[32]) {
  for (std::size_t j = 0; j < 16; ++j) {
    q[j] = static_cast<Code>(nibbles[j] & 15);
    q[j + 16] = static_cast<Code>(nibbles[j] >> 4);
  }
}

template <typename Code>
void pack_nibbles(const Code q[32], std::uint8_t nibbles[16]) {
  for (std::size_t j = 0; j < 16; ++j) {
    nibbles[j] = static_cast<std::uint8_t>((q[j] & 15) | ((q[j + 16] & 15) << 4));
  }
}

}  // namespace assay
