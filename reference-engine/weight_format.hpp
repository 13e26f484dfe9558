#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/units.hpp"

namespace assay {

/// How the values of one tensor are stored. The numbers are those of the GGUF file format.
enum class WeightFormat : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q8_1 = 9,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  q8_k = 15,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
};

/// Size of one block: `bytes` hold `values` consecutive values of a row.
struct BlockShape {
  WeightFormat format;
  std::string_view name;  // as people write it: "Q4_K"
  std::uint32_t values;
  std::uint32_t bytes;
};

/// Every format of the field with its block size (kernels.md section 1 has the layouts).
std::span<const BlockShape> block_shapes();
/// Nothing for a number that is no (longer a) format.
std::optional<BlockShape> block_shape(WeightFormat format);
std::optional<WeightFormat> weight_format(std::string_view name);
std::string_view format_name(WeightFormat format);

/// Bytes of one row of `values` values. Requires values to be a multiple of the block's.
std::uint64_t row_bytes(WeightFormat format, std::uint64_t values);

}  // namespace assay
