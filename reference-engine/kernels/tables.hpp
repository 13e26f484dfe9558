#pragma once

// The partial tables that the instruction sets export. Only data: see kernel_table.hpp.

#include "reference-engine/kernel_table.hpp"

namespace assay {

extern const KernelTable k_scalar_table;  // complete: what every other table starts from

}  // namespace assay
