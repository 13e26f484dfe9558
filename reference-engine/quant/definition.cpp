#include "reference-engine/quant/definition.hpp"

#include <array>

namespace assay {

std::span<const FormatDefinition> format_definitions() {
  static const std::array<FormatDefinition, 8> definitions{
      k_f32_definition,  k_f16_definition,  k_bf16_definition, k_q8_0_definition,
      k_q4_0_definition, k_q4_k_definition, k_q5_k_definition, k_q6_k_definition};
  return definitions;
}

const FormatDefinition* format_definition(WeightFormat format) {
  for (const FormatDefinition& definition : format_definitions()) {
    if (definition.format == format) return &definition;
  }
  return nullptr;
}

}  // namespace assay
