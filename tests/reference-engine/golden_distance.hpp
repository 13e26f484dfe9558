#pragma once

#include <cstdint>
#include <string>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/thread_pool.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {

/// NMSE of all logits of a golden model by these kernels, in passes of at most `chunk` tokens, with
/// an F32 cache. Requires a model that the engine runs.
double golden_distance(const GoldenModels& models, const std::string& golden,
                       const KernelTable& kernels, std::uint32_t chunk, ThreadPool& pool);

}  // namespace assay
