#include "reference-engine/kernels/panels/attention.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {

constinit const KernelTable k_avx512_attention{
    .isa = "avx512",
    .cache = {k_cache_kernels[0], k_cache_kernels[1], k_cache_kernels[2], k_cache_kernels[3]},
};

}  // namespace assay
