#include "reference-engine/kernels/panels/vector.inl"
#include "reference-engine/kernels/x86_avx512/tables.hpp"

namespace assay {

// Conversions and codes are those of AVX2.
constinit const KernelTable k_avx512_vector{
    .isa = "avx512",
    .dot_f32 = dot_f32,
    .add_scaled = add_scaled,
    .sum_of_squares = sum_of_squares,
    .scale_by = scale_by,
    .maximum = maximum,
    .exp_sum = exp_sum,
    .soft_cap = soft_cap,
    .silu_multiply = silu_multiply,
    .advance_state = advance_state,
};

}  // namespace assay
