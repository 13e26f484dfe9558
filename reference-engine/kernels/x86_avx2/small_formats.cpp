#include "reference-engine/kernels/panels/iq4_nl.inl"
#include "reference-engine/kernels/panels/mxfp4.inl"
#include "reference-engine/kernels/panels/q4_0.inl"
#include "reference-engine/kernels/panels/q4_1.inl"
#include "reference-engine/kernels/panels/q5_0.inl"
#include "reference-engine/kernels/panels/q5_1.inl"
#include "reference-engine/kernels/panels/q8_0.inl"
#include "reference-engine/kernels/x86_avx2/small_blocks.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {

constinit const KernelTable k_avx2_small_formats{
    .isa = "avx2",
    .formats = {small_block_kernels<Q80>(), small_block_kernels<Q40>(), small_block_kernels<Q41>(),
                small_block_kernels<Q50>(), small_block_kernels<Q51>(),
                small_block_kernels<Iq4Nl>(), small_block_kernels<Mxfp4>()}};

}  // namespace assay
