#include "reference-engine/kernels/x86_avx2/k_quants.inl"
#include "reference-engine/kernels/x86_avx2/tables.hpp"

namespace assay {

constinit const KernelTable k_avx2_q5_k{
    .isa = "avx2",
    .formats = {{13, k_rows, true, KQuant<true>::pack, KQuant<true>::decode_row,
                 multiply<KQuant<true>>, multiply_streams<KQuant<true>>}}};

}  // namespace assay
