#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"
#include "reference-engine/kernels/x86_avx_vnni/integer_product.inl"
#include "reference-engine/kernels/x86_avx_vnni/tables.hpp"

namespace assay {

constinit const KernelTable k_avx_vnni_large_formats{
    .isa = "avxvnni",
    .formats = {block_kernels<LargeBlock<Q2K>>(), block_kernels<LargeBlock<Q3K>>(),
                block_kernels<LargeBlock<Q6K>>(), block_kernels<LargeBlock<Iq4Xs>>(),
                block_kernels<KQuant<false>>(), block_kernels<KQuant<true>>()}};

}  // namespace assay
