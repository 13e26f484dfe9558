#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the table for `--numerics native` with AMX (TILE, BF16), laid over that of AVX512-BF16.
extern const KernelTable k_amx_bf16_loops;
extern const KernelTable k_amx_bf16_products;

}  // namespace assay
