#pragma once

#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// The format that the public quantiser gives a tensor of a model under a recipe.
WeightFormat recipe_format(Recipe recipe, const PlannedTensor& tensor, const ModelSpec& spec);

/// Whether a recipe stores most matrices in blocks.
bool recipe_base_is_quantised(Recipe recipe);

}  // namespace assay
