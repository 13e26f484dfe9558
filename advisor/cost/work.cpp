#include "advisor/cost/work.hpp"

namespace assay {
namespace {

constexpr double k_flops_per_weight = 2.0;  // one multiplication, one addition

bool is_head(const ModelSpec& spec, TensorRole role) {
  return role == TensorRole::output_head ||
         (spec.tied_embeddings && role == TensorRole::token_embedding);
}

double bytes_read(const PlannedTensor& tensor) {
  return static_cast<double>(tensor.bytes_read_per_token.value);
}

/// Each prompt token multiplies with it; the head serves the last token only.
bool multiplies_prompt(const ModelSpec& spec, const PlannedTensor& tensor) {
  if (tensor.role == TensorRole::moe_router) return true;
  return is_matrix(tensor.role) && !is_looked_up(tensor.role) && !is_head(spec, tensor.role);
}

}  // namespace

Work decode_work(const ModelSpec& spec, const TensorPlan& plan, CacheFormat cache, double depth) {
  Work work;
  for (const PlannedTensor& tensor : plan.tensors) {
    auto& bytes = is_expert(tensor.role) ? work.experts : work.dense;
    bytes[tensor.format] += bytes_read(tensor);
    if (const std::uint64_t rows = widened_rows(tensor, spec); rows > 0) {
      const auto in_file = static_cast<double>(rows * row_bytes(tensor.format, tensor.columns));
      bytes[tensor.format] -= in_file;
      bytes[WeightFormat::f32] += in_file + static_cast<double>(widening(tensor, spec).value);
    }
  }
  work.layers = static_cast<double>(spec.layers.size());
  work.moe_layers = spec.mixture_layers();
  work.tokens = 1.0;
  work.cache_bytes = static_cast<double>(state_per_token(spec).value);
  for (const LayerSpec& layer : spec.layers) {
    if (layer.mixer != Mixer::attention) continue;
    const auto row = static_cast<double>(cache_row_bytes(cache, layer.attention.head_dim));
    work.cache_bytes +=
        layer.attention.cached_rows() * row * visible_positions(layer.attention, depth);
  }
  return work;
}

Work prefill_work(const ModelSpec& spec, const TensorPlan& plan, double tokens) {
  Work work;
  for (const PlannedTensor& tensor : plan.tensors) {
    if (!multiplies_prompt(spec, tensor)) continue;
    auto& flops = is_expert(tensor.role) ? work.experts : work.dense;
    flops[tensor.format] += k_flops_per_weight * static_cast<double>(tensor.columns) *
                            static_cast<double>(tensor.rows) *
                            static_cast<double>(tensor.experts_used) * tokens;
  }
  work.attention_flops = state_flops_per_token(spec) * tokens;
  // A product with each key that a token sees, and one with each value.
  for (const LayerSpec& layer : spec.layers) {
    if (layer.mixer != Mixer::attention) continue;
    work.attention_flops += 2.0 * k_flops_per_weight * layer.attention.d_q() *
                            visible_positions_of_prompt(layer.attention, tokens);
  }
  return work;
}

Work head_work(const ModelSpec& spec, const TensorPlan& plan) {
  Work work;
  for (const PlannedTensor& tensor : plan.tensors) {
    if (is_head(spec, tensor.role)) work.dense[tensor.format] += bytes_read(tensor);
  }
  work.tokens = 1.0;
  return work;
}

}  // namespace assay
