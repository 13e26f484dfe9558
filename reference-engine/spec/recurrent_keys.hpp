#pragma once

#include "reference-engine/spec/architecture_table.hpp"
#include "reference-engine/spec/spec_keys.hpp"

namespace assay {

/// The sizes of layers that carry a state, and which layers those are: the ones without K/V heads,
/// or of a delta net all but each interval's last. Requires layers and their pattern; does nothing
/// for an architecture of attention alone.
void read_recurrence(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec);

}  // namespace assay
