#include "reference-engine/kernels/panels/iq4_nl.inl"
#include "reference-engine/kernels/panels/mxfp4.inl"
#include "reference-engine/kernels/panels/q4_0.inl"
#include "reference-engine/kernels/panels/q4_1.inl"
#include "reference-engine/kernels/panels/q5_0.inl"
#include "reference-engine/kernels/panels/q5_1.inl"
#include "reference-engine/kernels/panels/q8_0.inl"
#include "reference-engine/kernels/x86_avx_vnni/integer_product.inl"
#include "reference-engine/kernels/x86_avx_vnni/tables.hpp"

namespace assay {

constinit const KernelTable k_avx_vnni_small_formats{
    .isa = "avxvnni",
    .formats = {block_kernels<SmallBlock<Q80>>(), block_kernels<SmallBlock<Q40>>(),
                block_kernels<SmallBlock<Q41>>(), block_kernels<SmallBlock<Q50>>(),
                block_kernels<SmallBlock<Q51>>(), block_kernels<SmallBlock<Iq4Nl>>(),
                block_kernels<SmallBlock<Mxfp4>>()}};

}  // namespace assay
