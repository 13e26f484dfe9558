#include "reference-engine/weight_format.hpp"

#include <array>
#include <cctype>

namespace assay {
namespace {

// Sizes as in the GGUF format's public definition (ggml-common.h of ggml-org/ggml).
constexpr std::array<BlockShape, 33> k_shapes{{
    {WeightFormat::f32, "F32", 1, 4},
    {WeightFormat::f16, "F16", 1, 2},
    {WeightFormat::bf16, "BF16", 1, 2},
    {WeightFormat::f64, "F64", 1, 8},
    {WeightFormat::i8, "I8", 1, 1},
    {WeightFormat::i16, "I16", 1, 2},
    {WeightFormat::i32, "I32", 1, 4},
    {WeightFormat::i64, "I64", 1, 8},
    {WeightFormat::q4_0, "Q4_0", 32, 18},
    {WeightFormat::q4_1, "Q4_1", 32, 20},
    {WeightFormat::q5_0, "Q5_0", 32, 22},
    {WeightFormat::q5_1, "Q5_1", 32, 24},
    {WeightFormat::q8_0, "Q8_0", 32, 34},
    {WeightFormat::q8_1, "Q8_1", 32, 36},
    {WeightFormat::q2_k, "Q2_K", 256, 84},
    {WeightFormat::q3_k, "Q3_K", 256, 110},
    {WeightFormat::q4_k, "Q4_K", 256, 144},
    {WeightFormat::q5_k, "Q5_K", 256, 176},
    {WeightFormat::q6_k, "Q6_K", 256, 210},
    {WeightFormat::q8_k, "Q8_K", 256, 292},
    {WeightFormat::iq1_s, "IQ1_S", 256, 50},
    {WeightFormat::iq1_m, "IQ1_M", 256, 56},
    {WeightFormat::iq2_xxs, "IQ2_XXS", 256, 66},
    {WeightFormat::iq2_xs, "IQ2_XS", 256, 74},
    {WeightFormat::iq2_s, "IQ2_S", 256, 82},
    {WeightFormat::iq3_xxs, "IQ3_XXS", 256, 98},
    {WeightFormat::iq3_s, "IQ3_S", 256, 110},
    {WeightFormat::iq4_nl, "IQ4_NL", 32, 18},
    {WeightFormat::iq4_xs, "IQ4_XS", 256, 136},
    {WeightFormat::tq1_0, "TQ1_0", 256, 54},
    {WeightFormat::tq2_0, "TQ2_0", 256, 66},
    {WeightFormat::mxfp4, "MXFP4", 32, 17},
    {WeightFormat::nvfp4, "NVFP4", 64, 36},
}};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::toupper(static_cast<unsigned char>(a[i])) !=
        std::toupper(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::span<const BlockShape> block_shapes() { return k_shapes; }

std::optional<BlockShape> block_shape(WeightFormat format) {
  for (const BlockShape& shape : k_shapes) {
    if (shape.format == format) return shape;
  }
  return std::nullopt;
}

std::optional<WeightFormat> weight_format(std::string_view name) {
  for (const BlockShape& shape : k_shapes) {
    if (equal_ignoring_case(shape.name, name)) return shape.format;
  }
  return std::nullopt;
}

std::string_view format_name(WeightFormat format) {
  const auto shape = block_shape(format);
  return shape ? shape->name : "unknown";
}

std::uint64_t row_bytes(WeightFormat format, std::uint64_t values) {
  const auto shape = block_shape(format);
  return shape ? values / shape->values * shape->bytes : 0;
}

}  // namespace assay
