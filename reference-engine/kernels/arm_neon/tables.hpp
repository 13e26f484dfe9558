#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the table for AArch64 with the dot product extension, one for each translation unit.
extern const KernelTable k_neon_plain;
extern const KernelTable k_neon_small_formats;
extern const KernelTable k_neon_large_formats;
extern const KernelTable k_neon_vector;
extern const KernelTable k_neon_attention;
extern const KernelTable k_neon_loops;

}  // namespace assay
