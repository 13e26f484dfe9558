#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"
#include "reference-engine/kernels/x86_avx512/integer_product.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {

constinit const KernelTable k_avx512_large_formats{
    .isa = "avx512",
    .formats = {block_kernels<LargeBlock<Q2K>>(), block_kernels<LargeBlock<Q3K>>(),
                block_kernels<LargeBlock<Q6K>>(), block_kernels<LargeBlock<Iq4Xs>>(),
                block_kernels<KQuant<false>>(), block_kernels<KQuant<true>>()}};

}  // namespace assay
