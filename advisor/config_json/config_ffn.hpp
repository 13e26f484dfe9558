#pragma once

#include "advisor/config_json/config_type.hpp"
#include "base/json.hpp"

namespace assay {

/// Adds hidden layers to a catalogue row: dense ones (`d_ff`), experts (`moe`), or both.
Result<void> add_ffn(const JsonFields& fields, const ConfigType& type, Json& row);

}  // namespace assay
