#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

// What the matrix multiplication extension (I8MM) improves: products with many columns.
extern const KernelTable k_i8mm_small_formats;
extern const KernelTable k_i8mm_large_formats;
extern const KernelTable k_i8mm_loops;

}  // namespace assay
