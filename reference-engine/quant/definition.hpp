#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// Where a block keeps the floating-point numbers that scale it: binary16 (two bytes) or powers of
/// two (one byte, E8M0). `second` equals `first` where there is one only.
struct ScaleFields {
  std::uint32_t bytes;
  std::size_t first;
  std::size_t second;
};

/// What a weight format means: the specification that every kernel is tested against.
struct FormatDefinition {
  WeightFormat format;
  bool takes_q8;       // block formats multiply int8 codes, the others float32 values
  ScaleFields scales;  // of a block; bytes = 0 for formats without
  /// One stored row -> k values, in float32 exactly as the format prescribes.
  void (*decode)(const std::byte* row, std::size_t k, float* out);
  /// k values -> one stored row; a plain encoder with the format's own rounding.
  void (*encode)(const float* values, std::size_t k, std::byte* row);
  /// A row of random codes over the whole range whose values have a standard deviation of about
  /// `deviation` and a mean near zero; the same seed gives the same row. Far faster than encode.
  void (*fill_random)(std::uint64_t seed, float deviation, std::size_t k, std::byte* row);
  /// A row as fill_random's, but with every byte of its codes and integer scales `pattern`: the
  /// extremes of a kernel. Null for formats without codes.
  void (*fill_pattern)(std::uint8_t pattern, float deviation, std::size_t k, std::byte* row);
  /// Row times one column: integer sums are exact, the rest is float64.
  /// `q8` is what takes_q8 says, else `f32`.
  double (*dot)(const std::byte* row, const Q8Columns* q8, const F32Columns* f32,
                std::size_t column);
};

/// Every format that the engine runs.
std::span<const FormatDefinition> format_definitions();
/// Null for a format that the engine does not run.
const FormatDefinition* format_definition(WeightFormat format);

extern const FormatDefinition k_f32_definition;
extern const FormatDefinition k_f16_definition;
extern const FormatDefinition k_bf16_definition;
extern const FormatDefinition k_q8_0_definition;
extern const FormatDefinition k_q4_0_definition;
extern const FormatDefinition k_q4_1_definition;
extern const FormatDefinition k_q5_0_definition;
extern const FormatDefinition k_q5_1_definition;
extern const FormatDefinition k_q2_k_definition;
extern const FormatDefinition k_q3_k_definition;
extern const FormatDefinition k_q4_k_definition;
extern const FormatDefinition k_q5_k_definition;
extern const FormatDefinition k_q6_k_definition;
extern const FormatDefinition k_iq4_nl_definition;
extern const FormatDefinition k_iq4_xs_definition;
extern const FormatDefinition k_mxfp4_definition;

}  // namespace assay
