#include "reference-engine/kernels/x86_avx2/k_quants.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {
namespace {

template <bool five_bits>
constexpr FormatKernels k_quant_kernels() {
  using Block = KQuant<five_bits>;
  return {Block::k_format,        k_rows, true, Block::pack, Block::decode_row, multiply<Block>,
          multiply_streams<Block>};
}

}  // namespace

constinit const KernelTable k_avx2_k_quants{
    .isa = "avx2", .formats = {k_quant_kernels<false>(), k_quant_kernels<true>()}};

}  // namespace assay
