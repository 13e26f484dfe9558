#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the AVX2 + FMA + F16C table, one for each translation unit.
extern const KernelTable k_avx2_plain;
extern const KernelTable k_avx2_q8_0;
extern const KernelTable k_avx2_q4_0;
extern const KernelTable k_avx2_q4_1;
extern const KernelTable k_avx2_q5_0;
extern const KernelTable k_avx2_q5_1;
extern const KernelTable k_avx2_q2_k;
extern const KernelTable k_avx2_q3_k;
extern const KernelTable k_avx2_q4_k;
extern const KernelTable k_avx2_q5_k;
extern const KernelTable k_avx2_q6_k;
extern const KernelTable k_avx2_iq4_nl;
extern const KernelTable k_avx2_iq4_xs;
extern const KernelTable k_avx2_mxfp4;
extern const KernelTable k_avx2_vector;
extern const KernelTable k_avx2_attention;
extern const KernelTable k_avx2_loops;

}  // namespace assay
