#pragma once

#include <cstdint>
#include <string>

#include "advisor/config_json/config_type.hpp"
#include "base/json.hpp"

namespace assay {

/// The kinds of a model's layers, one letter each, as in the catalogue (configs/models/README.md).
/// Sources in a file: `layer_types` or `layers_block_type`, `full_attn_idxs`, an interval; else the
/// type's rule. `no_rope_layers` and `attention_k_eq_v` change letters of full attention.
Result<std::string> config_pattern(const JsonFields& fields, const ConfigType& type,
                                   std::uint32_t layers);

/// Adds `recurrence` to a catalogue row whose pattern has layers that carry a state.
Result<void> add_recurrence(const JsonFields& fields, const std::string& pattern, Json& row);

}  // namespace assay
