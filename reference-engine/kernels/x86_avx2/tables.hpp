#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the AVX2 + FMA + F16C table, one for each translation unit.
extern const KernelTable k_avx2_plain;
extern const KernelTable k_avx2_q8_0;
extern const KernelTable k_avx2_q4_0;
extern const KernelTable k_avx2_q4_k;
extern const KernelTable k_avx2_q5_k;
extern const KernelTable k_avx2_q6_k;
extern const KernelTable k_avx2_vector;
extern const KernelTable k_avx2_attention;
extern const KernelTable k_avx2_loops;

}  // namespace assay
