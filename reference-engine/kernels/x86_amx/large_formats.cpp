// Formats whose groups are of 32 values: of 16, AVX-512 multiplies faster than tiles are stored.
#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx/tile_product.inl"

namespace assay {

constinit const KernelTable k_amx_large_formats{
    .isa = "amx",
    .formats = {tile_kernels<LargeBlock<Iq4Xs>>(), tile_kernels<KQuant<false>>(),
                tile_kernels<KQuant<true>>()}};

}  // namespace assay
