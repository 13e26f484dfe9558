#include "advisor/gpu_recommendation.hpp"

#include <algorithm>
#include <utility>

#include "advisor/verdict_json.hpp"

namespace assay {

std::vector<GpuRecommendation> recommend_on_gpus(const Catalogue& catalogue,
                                                 const std::vector<GpuPlace>& gpus,
                                                 const Policy& policy,
                                                 const RecommendOptions& options) {
  RecommendOptions wanted = options;
  wanted.on_gpu = true;
  std::vector<GpuRecommendation> found;
  const auto is_known = [&found](const std::string& name) {
    return std::ranges::find(found, name, &GpuRecommendation::device) != found.end();
  };
  for (const GpuPlace& gpu : gpus) {
    if (!gpu.calibration || is_known(gpu.name)) {
      continue;
    }
    auto recommendation = recommend(catalogue, gpu.calibration, gpu.memory, policy, wanted);
    for (Candidate& one : recommendation.ranking) one.verdict.device = gpu.name;
    found.push_back({gpu.name, std::move(recommendation)});
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
