#include "reference-engine/kernels/x86_avx2/k_quants.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {

constinit const KernelTable k_avx2_q4_k{
    .isa = "avx2",
    .formats = {{12, k_rows, true, KQuant<false>::pack, KQuant<false>::decode_row,
                 multiply<KQuant<false>>, multiply_streams<KQuant<false>>}}};

}  // namespace assay
