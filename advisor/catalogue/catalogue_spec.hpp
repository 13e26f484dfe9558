#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "reference-engine/model_spec.hpp"

namespace assay {

/// The shape of a catalogue row as a ModelSpec. What an architecture decides alone (norms,
/// activation, router, layout) comes from the engine where it knows the architecture; sizes, and
/// how layers differ, from the row. Errors: refused_input that names the field.
Result<ModelSpec> catalogue_spec(const JsonFields& row);

/// "none", "per_head" or "full", as rows say it.
std::string_view qk_norm_name(QkNorm norm);

}  // namespace assay
