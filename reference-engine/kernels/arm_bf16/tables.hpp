#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Laid over a table for AArch64 for `--numerics native`: products of BF16 weights (FEAT_BF16).
extern const KernelTable k_arm_bf16_products;
extern const KernelTable k_arm_bf16_loops;

}  // namespace assay
