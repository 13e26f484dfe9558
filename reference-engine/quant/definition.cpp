#include "reference-engine/quant/definition.hpp"

#include <array>

namespace assay {

std::span<const FormatDefinition> format_definitions() {
  static const std::array definitions{
      k_f32_definition,  k_f16_definition,    k_bf16_definition,   k_q8_0_definition,
      k_q4_0_definition, k_q4_1_definition,   k_q5_0_definition,   k_q5_1_definition,
      k_q2_k_definition, k_q3_k_definition,   k_q4_k_definition,   k_q5_k_definition,
      k_q6_k_definition, k_iq4_nl_definition, k_iq4_xs_definition, k_mxfp4_definition};
  return definitions;
}

const FormatDefinition* format_definition(WeightFormat format) {
  for (const FormatDefinition& definition : format_definitions()) {
    if (definition.format == format) return &definition;
  }
  return nullptr;
}

}  // namespace assay
