#pragma once

#include <optional>
#include <string_view>

#include "tests/reference-engine/gguf_builder.hpp"

namespace assay {

/// The model of tests/golden/shapes/NAME.json, byte for byte as tests/golden/make_models.py writes
/// it; nothing when there is no such file.
std::optional<GgufBuilder> model_of_shape_file(std::string_view name);

}  // namespace assay
