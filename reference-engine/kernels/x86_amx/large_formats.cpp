#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx/tile_product.inl"

namespace assay {

constinit const KernelTable k_amx_large_formats{
    .isa = "amx",
    .formats = {tile_kernels<LargeBlock<Q2K>>(), tile_kernels<LargeBlock<Q3K>>(),
                tile_kernels<LargeBlock<Q6K>>(), tile_kernels<LargeBlock<Iq4Xs>>(),
                tile_kernels<KQuant<false>>(), tile_kernels<KQuant<true>>()}};

}  // namespace assay
