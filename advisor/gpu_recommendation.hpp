#pragma once

#include <string>
#include <vector>

#include "advisor/gpu_place.hpp"
#include "advisor/recommendation.hpp"
#include "base/json.hpp"

namespace assay {

/// What is recommended for a GPU that the machine has: models that its memory holds whole, in an
/// engine that uses it.
struct GpuRecommendation {
  std::string device;
  Recommendation recommendation;
};

/// For each GPU of which enough is known; of those of one name for the one with the most memory to
/// use.
std::vector<GpuRecommendation> recommend_on_gpus(const Catalogue& catalogue,
                                                 const std::vector<GpuPlace>& gpus,
                                                 const Policy& policy,
                                                 const RecommendOptions& options);

/// A member of gpu_recommendations[] of the result document, and back. Errors: refused_input.
Json gpu_recommendation_to_json(const GpuRecommendation& one);
Result<GpuRecommendation> gpu_recommendation_from_json(const JsonFields& fields);

}  // namespace assay
