// Attention of few queries (a step of decode) over a cache in Q8_0 by the tiles of AMX: its codes
// are multiplied as they are stored, queries and weights as digits. Four queries at a time take
// half of what AVX-512 needs; it does the rest.
#include "reference-engine/kernels/x86_amx/q8_0_mix.inl"
#include "reference-engine/kernels/x86_amx/q8_0_scores.inl"
#include "reference-engine/kernels/x86_amx/tables.hpp"

namespace assay {

constinit const KernelTable k_amx_attention{
    .isa = "amx",
    .cache = {{}, {}, {}, {scores_by_tiles, mix_by_tiles}},
};

}  // namespace assay
