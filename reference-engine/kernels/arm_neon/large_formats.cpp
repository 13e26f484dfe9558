#include "reference-engine/kernels/arm_neon/integer_product.inl"
#include "reference-engine/kernels/arm_neon/tables.hpp"
#include "reference-engine/kernels/panels/iq4_xs.inl"
#include "reference-engine/kernels/panels/k_quants.inl"
#include "reference-engine/kernels/panels/q2_k.inl"
#include "reference-engine/kernels/panels/q3_k.inl"
#include "reference-engine/kernels/panels/q6_k.inl"

namespace assay {
namespace {

template <typename Format>
constexpr FormatKernels kernels_of() {
  using Block = LargeBlock<Format>;
  return {Format::k_format,
          k_rows,
          true,
          pack_scaled_blocks<Format>,
          decode_scaled_blocks<Format>,
          multiply<DotTile, Block>,
          multiply_streams<Block>};
}

template <bool five_bits>
constexpr FormatKernels k_quant_kernels() {
  using Block = KQuant<five_bits>;
  return {Block::k_format,
          k_rows,
          true,
          Block::pack,
          Block::decode_row,
          multiply<DotTile, Block>,
          multiply_streams<Block>};
}

}  // namespace

constinit const KernelTable k_neon_large_formats{
    .isa = "neon",
    .formats = {kernels_of<Q2K>(), kernels_of<Q3K>(), kernels_of<Q6K>(), kernels_of<Iq4Xs>(),
                k_quant_kernels<false>(), k_quant_kernels<true>()}};

}  // namespace assay
