#include "reference-engine/kernels/arm_i8mm/matrix_tile.inl"
#include "reference-engine/kernels/arm_i8mm/tables.hpp"
#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/k_quants.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"

namespace assay {

constinit const KernelTable k_i8mm_large_formats{
    .isa = "i8mm",
    .formats = {block_kernels<LargeBlock<Q2K>>(), block_kernels<LargeBlock<Q3K>>(),
                block_kernels<LargeBlock<Q6K>>(), block_kernels<LargeBlock<Iq4Xs>>(),
                block_kernels<KQuant<false>>(), block_kernels<KQuant<true>>()}};

}  // namespace assay
