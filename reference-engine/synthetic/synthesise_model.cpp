#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "reference-engine/runtime/fill_weights.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/synthetic/random.hpp"
#include "reference-engine/synthetic/random_rows.hpp"

namespace assay {
namespace {

/// Spread that keeps activations and logits as large as in trained models: products of unit input
/// have unit output, embeddings are small, as trained ones are.
float deviation(const PlannedTensor& tensor) {
  if (is_looked_up(tensor.role) || tensor.role == TensorRole::output_head) {
    return 0.02F;
  }
  return 1.0F / std::sqrt(static_cast<float>(tensor.columns));
}

/// Norms and rope factors leave values as they are.
bool is_scale(TensorRole role) {
  switch (role) {
    case TensorRole::output_norm:
    case TensorRole::rope_factors:
    case TensorRole::rope_factors_long:
    case TensorRole::rope_factors_short:
    case TensorRole::attention_norm:
    case TensorRole::attention_q_norm:
    case TensorRole::attention_k_norm:
    case TensorRole::attention_post_norm:
    case TensorRole::latent_query_norm:
    case TensorRole::latent_norm:
    case TensorRole::skip:
    case TensorRole::mixer_norm:
    case TensorRole::ffn_norm:
    case TensorRole::ffn_post_norm:
    case TensorRole::shared_post_norm:
    case TensorRole::moe_norm:
    case TensorRole::moe_router_norm:
    case TensorRole::moe_post_norm:
    case TensorRole::moe_expert_scale:
    case TensorRole::layer_input_norm:
    case TensorRole::layer_input_post_norm:
    case TensorRole::layer_scale:
      return true;
    default:
      return false;
  }
}

/// Queries whose products with keys are not divided by the root of the head's size are smaller by
/// it, and what a router sees divided by the root of the width is larger: scores and router logits
/// then deviate by about 1, as in other models.
float norm_value(const PlannedTensor& tensor, const ModelSpec& spec) {
  const auto width = static_cast<float>(tensor.columns);
  if (tensor.role == TensorRole::moe_router_norm) return std::sqrt(width);
  if (tensor.role == TensorRole::attention_q_norm && spec.scale.attention == 1.0F) {
    return 1.0F / std::sqrt(width);
  }
  return 1.0F;
}

/// What is no scale (biases, sinks) is small. Heads that carry a state keep some tens of tokens.
float vector_value(const PlannedTensor& tensor, const ModelSpec& spec, float uniform) {
  if (is_scale(tensor.role)) return norm_value(tensor, spec);
  if (tensor.role == TensorRole::decay_rate) return -0.1F * (1.5F + uniform);
  if (tensor.role == TensorRole::convolution) return uniform;
  return 0.1F * uniform;
}

void fill_vector(const PlannedTensor& tensor, const ModelSpec& spec, std::uint64_t seed,
                 std::span<std::byte> row) {
  SplitMix64 random(seed);
  for (std::size_t at = 0; at < row.size(); at += sizeof(float)) {
    const float value = vector_value(tensor, spec, random.next_uniform());
    std::memcpy(row.data() + at, &value, sizeof value);
  }
}

}  // namespace

Result<Model> synthesise_model(const ModelSpec& spec, Recipe recipe, std::uint64_t seed,
                               const KernelTable& kernels, ThreadPool& pool,
                               const std::stop_token& stop) {
  if (auto runs = check_runs(spec); !runs) return pass_on(runs);
  auto plan = tensor_plan(spec, recipe);
  if (!plan) return pass_on(plan);
  for (const PlannedTensor& tensor : plan->tensors) {
    if (!can_randomise(tensor.format)) {
      return fail(
          ErrorCode::refused_input,
          tensor.name + ": no random weights of format " + std::string(format_name(tensor.format)),
          spec.name);
    }
  }
  auto layout = lay_out_weights(spec, *plan, kernels, spec.name);
  if (!layout) return pass_on(layout);
  const auto make_rows = [&](const RowRange& rows, std::span<std::byte> into) -> Result<void> {
    const WeightPlacement& placement = layout->placements[rows.placement];
    const PlannedTensor& tensor = *placement.tensor;
    const std::size_t bytes = into.size() / rows.count;
    for (std::uint64_t i = 0; i < rows.count; ++i) {
      const std::uint64_t row = rows.expert * tensor.rows + rows.first + i;
      const std::uint64_t row_seed = mix_seed(seed, rows.placement, row);
      const std::span<std::byte> out = into.subspan(i * bytes, bytes);
      if (placement.is_vector()) {
        fill_vector(tensor, spec, row_seed, out);
      } else {
        random_row(kernels, tensor.format, deviation(tensor), row_seed, out);
      }
    }
    return {};
  };
  if (auto filled = fill_weights(*layout, row_ranges(*layout), pool, make_rows, stop); !filled)
    return pass_on(filled);
  return ModelAccess::make(spec, std::move(*plan), kernels, std::move(layout->weights));
}

}  // namespace assay
