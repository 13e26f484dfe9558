#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"
#include "reference-engine/kernels/x86_avx2/large_blocks.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {

constinit const KernelTable k_avx2_large_formats{
    .isa = "avx2",
    .formats = {large_block_kernels<Q2K>(), large_block_kernels<Q3K>(), large_block_kernels<Q6K>(),
                large_block_kernels<Iq4Xs>()}};

}  // namespace assay
