#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Laid over a table for AArch64 for `--numerics native`: products of F16 weights (FEAT_FHM).
extern const KernelTable k_arm_fhm_products;

}  // namespace assay
