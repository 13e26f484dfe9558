#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Laid over the AVX-512 table for `--numerics native`.
extern const KernelTable k_avx512_bf16_loops;
extern const KernelTable k_avx512_bf16_products;

}  // namespace assay
