#include "reference-engine/kernels/panels/attention.inl"
#include "reference-engine/kernels/arm_neon/tables.hpp"

namespace assay {

constinit const KernelTable k_neon_attention{
    .isa = "neon",
    .cache = {k_cache_kernels[0], k_cache_kernels[1], k_cache_kernels[2], k_cache_kernels[3]},
};

}  // namespace assay
