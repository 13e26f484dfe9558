#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the AMX table (TILE, INT8, BF16), laid over that of AVX-512.
extern const KernelTable k_amx_plain;
extern const KernelTable k_amx_small_formats;
extern const KernelTable k_amx_large_formats;
extern const KernelTable k_amx_attention;
extern const KernelTable k_amx_loops;

}  // namespace assay
