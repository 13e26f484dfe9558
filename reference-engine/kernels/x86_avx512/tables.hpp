#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the AVX-512 table (F, BW, DQ, VL, VNNI), laid over that of AVX2.
extern const KernelTable k_avx512_small_formats;
extern const KernelTable k_avx512_large_formats;
extern const KernelTable k_avx512_plain;
extern const KernelTable k_avx512_attention;
extern const KernelTable k_avx512_loops;
extern const KernelTable k_avx512_vector;

}  // namespace assay
