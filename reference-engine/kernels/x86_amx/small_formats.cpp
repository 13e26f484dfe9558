#include "reference-engine/kernels/panels/iq4_nl.inl"
#include "reference-engine/kernels/panels/mxfp4.inl"
#include "reference-engine/kernels/panels/q4_0.inl"
#include "reference-engine/kernels/panels/q4_1.inl"
#include "reference-engine/kernels/panels/q5_0.inl"
#include "reference-engine/kernels/panels/q5_1.inl"
#include "reference-engine/kernels/panels/q8_0.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx/tile_product.inl"

namespace assay {

constinit const KernelTable k_amx_small_formats{
    .isa = "amx",
    .formats = {tile_kernels<SmallBlock<Q80>>(), tile_kernels<SmallBlock<Q40>>(),
                tile_kernels<SmallBlock<Q41>>(), tile_kernels<SmallBlock<Q50>>(),
                tile_kernels<SmallBlock<Q51>>(), tile_kernels<SmallBlock<Iq4Nl>>(),
                tile_kernels<SmallBlock<Mxfp4>>()}};

}  // namespace assay
