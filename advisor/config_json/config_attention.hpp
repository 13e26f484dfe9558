#pragma once

#include "advisor/config_json/config_type.hpp"
#include "base/json.hpp"

namespace assay {

/// Adds the sizes of attention to a catalogue row: width, heads and what they hold, where windowed
/// layers may have others than the rest, or the latent vector.
Result<void> add_heads(const JsonFields& fields, const ConfigType& type, Json& row);

/// Adds what Gemma's layers share or are given: the last layers' cache, which is that of others,
/// and the width of each layer's input. Requires `d_ff` in the row where there is one.
Result<void> add_shared_parts(const JsonFields& fields, const ConfigType& type, Json& row);

}  // namespace assay
