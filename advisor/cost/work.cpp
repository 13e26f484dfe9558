#include "advisor/cost/work.hpp"

#include <cmath>

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

/// Two norms and two sums over the width of the model, queries rotated and results of attention
/// gathered, and two halves of an activation that become a third.
double elements_per_token(const ModelSpec& spec) {
  double elements = 0.0;
  for (const LayerSpec& layer : spec.layers) {
    elements += 4.0 * spec.d_model;
    if (layer.mixer == Mixer::attention) elements += 2.0 * layer.attention.d_q();
    elements += 3.0 * (layer.ffn == Ffn::mixture ? 1.0 * spec.moe.used * spec.moe.d_expert
                                                 : 1.0 * layer.d_ff);
  }
  return elements;
}

/// How often a prompt's passes read all experts, in sum.
double passes_of_experts(const ModelSpec& spec, const PromptShape& prompt) {
  if (!spec.is_moe()) return 0.0;
  const double whole = std::floor(prompt.tokens / prompt.chunk);
  const double rest = prompt.tokens - whole * prompt.chunk;
  return whole * share_of_experts(spec.moe.experts, spec.moe.used, prompt.chunk) +
         share_of_experts(spec.moe.experts, spec.moe.used, rest);
}

}  // namespace

Work decode_work(const ModelSpec& spec, const TensorPlan& plan, CacheFormat cache, double depth) {
  Work work;
  for (const PlannedTensor& tensor : plan.tensors) {
    auto& bytes = is_expert(tensor.role) ? work.experts : work.dense;
    bytes[tensor.format] += bytes_read(tensor);
    if (is_expert(tensor.role)) work.expert_bytes += static_cast<double>(tensor.bytes.value);
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
    const double visible = visible_positions(layer.attention, depth);
    work.cache_bytes += layer.attention.cached_rows() * row * visible;
    work.scores += layer.attention.heads * visible;
  }
  return work;
}

double share_of_experts(double experts, double used, double rows) {
  return 1.0 - std::pow(1.0 - used / experts, rows);
}

Work prefill_work(const ModelSpec& spec, const TensorPlan& plan, const PromptShape& prompt) {
  Work work;
  const double expert_passes = passes_of_experts(spec, prompt);
  const double passes = std::ceil(prompt.tokens / prompt.chunk);
  for (const PlannedTensor& tensor : plan.tensors) {
    if (!multiplies_prompt(spec, tensor)) continue;
    const bool expert = is_expert(tensor.role);
    auto& flops = expert ? work.experts : work.dense;
    flops[tensor.format] += k_flops_per_weight * static_cast<double>(tensor.columns) *
                            static_cast<double>(tensor.rows) *
                            static_cast<double>(tensor.experts_used) * prompt.tokens;
    auto& reads = expert ? work.expert_reads : work.dense_reads;
    reads[tensor.format] +=
        static_cast<double>(tensor.bytes.value) * (expert ? expert_passes : passes);
  }
  work.elements = elements_per_token(spec) * prompt.tokens;
  work.attention_flops = state_flops_per_token(spec) * prompt.tokens;
  // A product with each key that a token sees, and one with each value.
  for (const LayerSpec& layer : spec.layers) {
    if (layer.mixer != Mixer::attention) continue;
    const AttentionSpec& attention = layer.attention;
    const double seen = visible_positions_of_prompt(attention, prompt.depth + prompt.tokens) -
                        visible_positions_of_prompt(attention, prompt.depth);
    work.attention_flops += 2.0 * k_flops_per_weight * attention.d_q() * seen;
  }
  return work;
}

std::map<WeightFormat, double> of_kind(const std::map<WeightFormat, double>& amounts, bool plain) {
  std::map<WeightFormat, double> found;
  for (const auto& [format, amount] : amounts) {
    if ((block_shape(format)->values == 1) == plain) found[format] = amount;
  }
  return found;
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
