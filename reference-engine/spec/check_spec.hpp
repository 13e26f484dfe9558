#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference-engine/model_spec.hpp"

namespace assay {

/// What is impossible about a spec: the GGUF key without its architecture prefix, and what was
/// found and expected.
struct SpecDefect {
  std::string_view key;  // "attention.head_count"
  std::string found;
};

std::optional<SpecDefect> find_defect(const ModelSpec& spec);

}  // namespace assay
