#pragma once

#include <cstdint>

#include "advisor/config_json/config_type.hpp"
#include "base/json.hpp"

namespace assay {

/// `rope` of a catalogue row for heads of `head_dim` values. Sources in a file: `rope_theta`,
/// `rope_local_base_freq`, `partial_rotary_factor` and `rope_scaling`; or `rope_parameters`, which
/// holds the same, at once or for each kind of layer.
Result<Json> config_rope(const JsonFields& fields, const ConfigType& type, std::uint32_t head_dim,
                         std::uint32_t context);

}  // namespace assay
