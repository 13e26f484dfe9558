#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// Parts of the AVX-VNNI table, laid over that of AVX2.
extern const KernelTable k_avx_vnni_small_formats;
extern const KernelTable k_avx_vnni_large_formats;
extern const KernelTable k_avx_vnni_loops;

}  // namespace assay
