#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the AVX2 + FMA + F16C table, one for each translation unit.
extern const KernelTable k_avx2_plain;
extern const KernelTable k_avx2_small_formats;
extern const KernelTable k_avx2_large_formats;
extern const KernelTable k_avx2_k_quants;
extern const KernelTable k_avx2_vector;
extern const KernelTable k_avx2_attention;
extern const KernelTable k_avx2_loops;

}  // namespace assay
