#include "reference-engine/kernels/arm_neon/integer_product.inl"
#include "reference-engine/kernels/arm_neon/tables.hpp"
#include "reference-engine/kernels/panels/iq4_nl.inl"
#include "reference-engine/kernels/panels/mxfp4.inl"
#include "reference-engine/kernels/panels/q4_0.inl"
#include "reference-engine/kernels/panels/q4_1.inl"
#include "reference-engine/kernels/panels/q5_0.inl"
#include "reference-engine/kernels/panels/q5_1.inl"
#include "reference-engine/kernels/panels/q8_0.inl"

namespace assay {
namespace {

template <typename Format>
constexpr FormatKernels kernels_of() {
  using Block = SmallBlock<Format>;
  return {Format::k_format,
          k_rows,
          true,
          pack_blocks<Format>,
          decode_blocks<Format>,
          multiply<DotTile, Block>,
          multiply_streams<Block>};
}

}  // namespace

constinit const KernelTable k_neon_small_formats{
    .isa = "neon",
    .formats = {kernels_of<Q80>(), kernels_of<Q40>(), kernels_of<Q41>(), kernels_of<Q50>(),
                kernels_of<Q51>(), kernels_of<Iq4Nl>(), kernels_of<Mxfp4>()}};

}  // namespace assay
