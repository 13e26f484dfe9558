#pragma once

#include <string>

#include "advisor/hardware.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"
#include "probes/machine_profile.hpp"
#include "reference-engine/footprint.hpp"

namespace assay {

/// The most that a system lends a GPU without memory of its own, of the machine's whole memory; the
/// source says whose rule it is. Some systems let their owner raise it.
Fact<Bytes> lent_memory(const GraphicsCard& card, Bytes installed);

/// What a driver and its kernels take of a GPU's own memory before a model is there: what ollama
/// keeps for CUDA and ROCm (discover/gpu.go: cudaMinimumMemory).
inline constexpr Bytes k_gpu_driver = mebibytes(457);

/// What they leave of it.
Fact<Bytes> less_driver(const Fact<Bytes>& memory);

/// What a model may use of a GPU that is to be bought with so much memory: its own less the
/// driver's part, or of one memory for both what the system lends.
Fact<Bytes> sold_memory(const GraphicsCard& card, Bytes memory);

/// What a model may use of a GPU that a machine has. Of memory that is shared with the processor
/// the least of what the machine has available, what its driver lends, and the system's own limit:
/// it is never to be added to the machine's. Unknown where nothing tells.
Fact<Bytes> memory_for_model(const GraphicsCard& card, const GpuProfile& gpu,
                             const Fact<Bytes>& installed, const Fact<Bytes>& available);

bool is_of_a_layer(const PlannedTensor& tensor);

/// All tensors but those that rows are looked up in: they stay in the machine's memory, unless the
/// output head is made of them.
bool is_kept_on_gpu(const PlannedTensor& tensor, const ModelSpec& spec);

/// Keys and values as llama.cpp keeps them: of layers with a window no more than that and what a
/// pass adds (llama-kv-cache-iswa.cpp).
Bytes gpu_cache_bytes(const ModelSpec& spec, const SessionShape& session);

/// Logits of a whole pass in float32: the largest of llama.cpp's buffers for all but narrow
/// vocabularies.
Bytes gpu_buffer_bytes(const ModelSpec& spec, const SessionShape& session);

/// A model that is whole on a GPU: weights, keys and values, states and buffers, without the
/// driver's part. What is read and computed is that of any device.
Footprint gpu_footprint(const ModelSpec& spec, const TensorPlan& plan, const SessionShape& session);

}  // namespace assay
