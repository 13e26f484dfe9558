#pragma once

#include "base/units.hpp"

namespace assay {

/// What the system and the programs beside a model are left of what is installed: as much as
/// Windows 11 asks for at least (Microsoft's requirements).
inline constexpr Bytes k_system_memory = gibibytes(4);

/// What a model may have of a machine's installed memory: all but the system's part. Where that
/// would be more than half, half: a machine of 4 GB runs a smaller system, and a rule of thumb is
/// all there is.
Bytes memory_beside_system(Bytes installed);

}  // namespace assay
