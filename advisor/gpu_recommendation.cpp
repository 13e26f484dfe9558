#include "advisor/gpu_recommendation.hpp"

#include <algorithm>
#include <utility>

#include "advisor/gpu_memory.hpp"
#include "advisor/verdict_json.hpp"

namespace assay {
namespace {

Bytes memory_to_use(const GpuPlace& gpu) { return gpu.memory.optional().value_or(Bytes()); }

/// Those that can be judged, each name once.
std::vector<const GpuPlace*> one_of_each_name(const std::vector<GpuPlace>& gpus) {
  std::vector<const GpuPlace*> chosen;
  for (const GpuPlace& gpu : gpus) {
    if (!gpu.calibration) continue;
    const auto same = std::ranges::find_if(
        chosen, [&gpu](const GpuPlace* other) { return other->name == gpu.name; });
    if (same == chosen.end()) {
      chosen.push_back(&gpu);
    } else if (memory_to_use(**same) < memory_to_use(gpu)) {
      *same = &gpu;
    }
  }
  return chosen;
}

}  // namespace

std::vector<GpuRecommendation> recommend_on_gpus(const Catalogue& catalogue,
                                                 const std::vector<GpuPlace>& gpus,
                                                 const Policy& policy,
                                                 const RecommendOptions& options) {
  RecommendOptions wanted = options;
  wanted.on_gpu = true;
  std::vector<GpuRecommendation> found;
  for (const GpuPlace* gpu : one_of_each_name(gpus)) {
    const Fact<Bytes> memory = gpu->shared_with_cpu ? gpu->memory : less_driver(gpu->memory);
    auto recommendation = recommend(catalogue, gpu->calibration, memory, policy, wanted);
    for (Candidate& one : recommendation.ranking) one.verdict.device = gpu->name;
    found.push_back({gpu->name, std::move(recommendation)});
  }
  return found;
}

Json gpu_recommendation_to_json(const GpuRecommendation& one) {
  return {{"device", one.device}, {"recommendation", recommendation_to_json(one.recommendation)}};
}

Result<GpuRecommendation> gpu_recommendation_from_json(const JsonFields& fields) {
  auto device = fields.text("device");
  if (!device) return pass_on(device);
  const auto object = fields.object("recommendation");
  if (!object) return pass_on(object);
  auto recommendation = recommendation_from_json(*object);
  if (!recommendation) return pass_on(recommendation);
  return GpuRecommendation{std::move(*device), std::move(*recommendation)};
}

}  // namespace assay
