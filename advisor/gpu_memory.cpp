#include "advisor/gpu_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "advisor/system_memory.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

Bytes share_of(Bytes memory, double share) {
  return Bytes(static_cast<std::uint64_t>(static_cast<double>(memory.value) * share));
}

/// The lesser of two, with its source; the known one where the other is not.
Fact<Bytes> least(const Fact<Bytes>& a, const Fact<Bytes>& b) {
  if (!a.is_known()) return b;
  if (!b.is_known()) return a;
  return b.value() < a.value() ? b : a;
}

Fact<Bytes> own_memory(const GraphicsCard& card, const GpuProfile& gpu) {
  if (gpu.usable_memory.is_known()) return gpu.usable_memory;
  if (gpu.memory.is_known()) {
    return Fact<Bytes>::known(gpu.memory.value(),
                              gpu.memory.source() + ", all of it: what is free is not told");
  }
  if (card.memory.size() == 1) {
    return Fact<Bytes>::known(card.memory.front(), "published: " + card.source);
  }
  return Fact<Bytes>::unknown("the driver does not tell how much memory it has");
}

/// What firmware keeps for graphics is none of what the system has available.
Fact<Bytes> with_carve_out(Bytes available, const GpuProfile& gpu, const std::string& source) {
  const bool unified =
      gpu.memory_kind.is_known() && gpu.memory_kind.value() == DeviceMemoryKind::unified;
  if (!unified || !gpu.memory.is_known()) return Fact<Bytes>::known(available, source);
  return Fact<Bytes>::known(available + gpu.memory.value(), source + " and its carve-out");
}

}  // namespace

Fact<Bytes> lent_memory(const GraphicsCard& card, Bytes installed) {
  if (card.vendor == "apple") {
    // Metal's recommendedMaxWorkingSetSize as programs log it (docs/method.md has the machines):
    // 2/3 up to 32 GB, 3/4 from 36 GB on; later systems allow a little more.
    constexpr double k_small = 2.0 / 3.0;
    constexpr double k_large = 3.0 / 4.0;
    const bool small = installed <= gibibytes(32);
    return Fact<Bytes>::known(share_of(installed, small ? k_small : k_large),
                              small ? "Metal's working set, 2/3 of the memory"
                                    : "Metal's working set, 3/4 of the memory");
  }
  if (card.vendor == "amd") {
    // What Linux lends by default: half of the memory, at least 3 GB (drm/amdgpu, "Adjust logic
    // around GTT size", commit f7ba887f606b).
    const Bytes lent = std::max(share_of(installed, 0.5), gibibytes(3));
    return Fact<Bytes>::known(std::min(lent, installed),
                              "half of the memory, which amdgpu lends by default");
  }
  return Fact<Bytes>::known(installed, "the machine's memory");
}

Fact<Bytes> less_driver(const Fact<Bytes>& memory) {
  if (!memory.is_known()) return memory;
  const Bytes all = memory.value();
  return Fact<Bytes>::known(all > k_gpu_driver ? all - k_gpu_driver : Bytes(),
                            memory.source() + " less 457 MiB for the driver");
}

Fact<Bytes> sold_memory(const GraphicsCard& card, Bytes memory) {
  if (card.shared_with_cpu) {
    const Bytes left = memory_beside_system(memory);
    return least(lent_memory(card, memory),
                 Fact<Bytes>::known(left, fmt::format("the machine's memory less {} for the system",
                                                      human_bytes(memory - left))));
  }
  return less_driver(Fact<Bytes>::known(memory, "its memory"));
}

Fact<Bytes> memory_for_model(const GraphicsCard& card, const GpuProfile& gpu,
                             const Fact<Bytes>& installed, const Fact<Bytes>& available) {
  if (!card.shared_with_cpu) return own_memory(card, gpu);
  if (!available.is_known()) return available;
  if (gpu.usable_memory.is_known()) {
    return least(with_carve_out(available.value(), gpu, available.source()), gpu.usable_memory);
  }
  if (!installed.is_known()) return available;
  return least(available, lent_memory(card, installed.value()));
}

bool is_of_a_layer(const PlannedTensor& tensor) { return tensor.name.starts_with("blk."); }

bool is_kept_on_gpu(const PlannedTensor& tensor, const ModelSpec& spec) {
  return is_of_a_layer(tensor) || !is_looked_up(tensor.role) ||
         (spec.tied_embeddings && tensor.role == TensorRole::token_embedding);
}

Bytes gpu_cache_bytes(const ModelSpec& spec, const SessionShape& session) {
  std::map<std::uint32_t, std::vector<LayerSpec>> by_window;
  for (const LayerSpec& layer : spec.layers) by_window[layer.attention.window].push_back(layer);
  Bytes sum;
  for (auto& [window, layers] : by_window) {
    ModelSpec part = spec;
    part.layers = std::move(layers);
    SessionShape shape = session;
    if (window > 0) {
      shape.context = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(session.context, std::uint64_t{window} + session.chunk));
    }
    sum += footprint(part, {}, shape).kv_cache;
  }
  return sum;
}

Bytes gpu_buffer_bytes(const ModelSpec& spec, const SessionShape& session) {
  return Bytes(std::uint64_t{session.chunk} * spec.vocabulary * sizeof(float));
}

Footprint gpu_footprint(const ModelSpec& spec, const TensorPlan& plan,
                        const SessionShape& session) {
  Footprint size = footprint(spec, plan, session);
  size.weights = Bytes();
  for (const PlannedTensor& tensor : plan.tensors) {
    if (is_kept_on_gpu(tensor, spec)) size.weights += tensor.bytes;
  }
  size.kv_cache = gpu_cache_bytes(spec, session);
  size.compute = size.state + gpu_buffer_bytes(spec, session);
  size.runtime = Bytes();
  return size;
}

}  // namespace assay
