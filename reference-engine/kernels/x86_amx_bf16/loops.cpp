// The loop that measures what a core can do at most.
#include "reference-engine/kernels/x86_amx/bf16_loop.inl"
#include "reference-engine/kernels/x86_amx_bf16/tables.hpp"

namespace assay {

constinit const KernelTable k_amx_bf16_loops{
    .isa = "amx_bf16",
    .bf16_loop = bf16_loop,
    .bf16_flops_per_step = k_bf16_loop_flops,
};

}  // namespace assay
