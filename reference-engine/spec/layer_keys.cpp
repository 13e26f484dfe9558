#include "reference-engine/spec/layer_keys.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/text.hpp"
#include "reference-engine/spec/latent_keys.hpp"

namespace assay {
namespace {

void read_attention(SpecKeys& keys, const ModelSpec& spec, bool kv_heads_differ,
                    AttentionSpec& attention) {
  attention.heads = keys.size("attention.head_count");
  if (!kv_heads_differ) {
    attention.kv_heads = keys.size_or("attention.head_count_kv", attention.heads);
  }
  if (attention.heads == 0) return keys.refuse("attention.head_count", "0 (expected at least 1)");
  if (!keys.has("attention.key_length") && spec.d_model % attention.heads != 0) {
    return keys.refuse("attention.head_count", fmt::format("{} (expected a divisor of "
                                                           "embedding_length = {})",
                                                           attention.heads, spec.d_model));
  }
  attention.head_dim = keys.size_or("attention.key_length", spec.d_model / attention.heads);
  const std::uint32_t value_length = keys.size_or("attention.value_length", attention.head_dim);
  if (value_length != attention.head_dim) {
    keys.refuse("attention.value_length",
                fmt::format("{} (expected the {} of attention.key_length)", value_length,
                            attention.head_dim));
  }
}

void read_yarn(SpecKeys& keys, RopeSpec& rope) {
  rope.scaling = RopeScaling::yarn;
  rope.original_context = keys.size("rope.scaling.original_context_length");
  rope.yarn_beta_fast = keys.number_or("rope.scaling.yarn_beta_fast", rope.yarn_beta_fast);
  rope.yarn_beta_slow = keys.number_or("rope.scaling.yarn_beta_slow", rope.yarn_beta_slow);
  rope.yarn_magnitude_divisor = keys.number_or("rope.scaling.yarn_log_multiplier", 0.0F);
  rope.attention_factor = keys.number_or("rope.scaling.attn_factor", rope.attention_factor);
}

/// Factors for short and for long contexts, where a file has them. Converters write no type.
void read_longrope(SpecKeys& keys, const std::string& type, RopeSpec& rope) {
  if (type != "none" && type != "longrope") {
    return keys.refuse("rope.scaling.type",
                       fmt::format("'{}' (expected longrope, as the file has rope_factors_long)",
                                   printable(type, 60)));
  }
  rope.scaling = RopeScaling::longrope;
  rope.original_context = keys.size("rope.scaling.original_context_length");
  rope.attention_factor = keys.number_or("rope.scaling.attn_factor", rope.attention_factor);
  rope.factor = 1.0F;
}

void read_rope_scaling(SpecKeys& keys, RopeSpec& rope) {
  rope.factor = keys.number_or("rope.scaling.factor", keys.number_or("rope.scale_linear", 1.0F));
  const bool factors = keys.has_tensor("rope_factors_long.weight");
  // Files from before rope.scaling.type hold the factor alone; it means linear.
  const bool linear = rope.factor != 1.0F && !factors;
  const std::string type = keys.text_or("rope.scaling.type", linear ? "linear" : "none");
  if (factors || type == "longrope") return read_longrope(keys, type, rope);
  if (type == "yarn") return read_yarn(keys, rope);
  // What the first context was does not matter to these two.
  keys.size_or("rope.scaling.original_context_length", 0);
  if (type == "none") {
    rope.factor = 1.0F;
  } else if (type == "linear") {
    rope.scaling = RopeScaling::linear;
  } else {
    keys.refuse("rope.scaling.type",
                fmt::format("'{}' (expected none, linear, yarn or longrope)", printable(type, 60)));
  }
}

/// Which layers have a window: by the file's list of flags, by its period, or by the row's.
std::vector<bool> windowed_layers(SpecKeys& keys, const WindowRule& rule, std::size_t layers) {
  constexpr std::string_view k_pattern = "attention.sliding_window_pattern";
  if (rule.layers == WindowRule::Layers::all) return std::vector<bool>(layers, true);
  if (auto flags = keys.flags(k_pattern, layers)) return *flags;
  std::uint32_t period = 1;
  if (!keys.refusal()) {
    period = rule.full_every == 0 ? keys.size(k_pattern) : keys.size_or(k_pattern, rule.full_every);
  }
  std::vector<bool> windowed;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    windowed.push_back(period == 0 || (layer + 1) % period != 0);
  }
  return windowed;
}

/// The values of a head of windowed layers, where they are not as many as those of the others.
std::uint32_t read_windowed_head(SpecKeys& keys, std::uint32_t full_dim) {
  const std::uint32_t dim = keys.size_or("attention.key_length_swa", full_dim);
  const std::uint32_t values = keys.size_or("attention.value_length_swa", dim);
  if (values != dim) {
    keys.refuse("attention.value_length_swa",
                fmt::format("{} (expected the {} of attention.key_length_swa)", values, dim));
  }
  return dim;
}

void read_windows(SpecKeys& keys, const WindowRule& rule, ModelSpec& spec) {
  if (rule.layers == WindowRule::Layers::none) return;
  constexpr std::string_view k_window = "attention.sliding_window";
  const bool must = !rule.optional && rule.default_window == 0;
  const std::uint32_t window =
      must ? keys.size(k_window) : keys.size_or(k_window, rule.default_window);
  if (window == 0) {
    if (must) keys.refuse(k_window, "0 (expected at least 1)");
    return;
  }
  const std::vector<bool> windowed = windowed_layers(keys, rule, spec.layers.size());
  const std::uint32_t full_dim = spec.layers.front().attention.head_dim;
  const std::uint32_t dim = read_windowed_head(keys, full_dim);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    if (!windowed[layer]) continue;
    spec.layers[layer].attention.window = window;
    spec.layers[layer].attention.head_dim = dim;
  }
  RopeSpec rope = spec.rope();
  if (rule.unscaled_rope) {
    rope.scaling = RopeScaling::none;
    rope.factor = 1.0F;
    rope.frequency_factors = false;
  }
  rope.dims = keys.size_or("rope.dimension_count_swa", dim == full_dim ? rope.dims : dim);
  if (rule.rope_base != 0.0F) rope.base = rule.rope_base;
  rope.base = keys.number_or("rope.freq_base_swa", rope.base);
  if (rope == spec.rope()) return;
  spec.ropes.push_back(rope);
  for (LayerSpec& layer : spec.layers) {
    if (layer.attention.window != 0) layer.attention.rope = 1;
  }
}

}  // namespace

void read_layers(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  LayerSpec layer;
  const std::uint32_t count = keys.size("block_count");
  if (count == 0 || count > k_most_layers) {
    return keys.refuse("block_count", fmt::format("{} (expected 1 to {})", count, k_most_layers));
  }
  std::optional<std::vector<std::uint32_t>> kv_heads;
  if (row.latent) {
    read_latent_attention(keys, layer.attention, spec.file);
  } else {
    kv_heads = keys.sizes("attention.head_count_kv", count);
    read_attention(keys, spec, kv_heads.has_value(), layer.attention);
  }
  const auto d_ff = keys.sizes("feed_forward_length", count);
  if (!d_ff && !keys.refusal()) layer.d_ff = keys.size_or("feed_forward_length", 0);
  spec.layers = uniform_layers(count, layer);
  for (std::size_t i = 0; i < count; ++i) {
    if (kv_heads) spec.layers[i].attention.kv_heads = (*kv_heads)[i];
    if (d_ff) spec.layers[i].d_ff = (*d_ff)[i];
  }
}

void read_rope(SpecKeys& keys, ModelSpec& spec) {
  RopeSpec& rope = spec.rope();
  rope.dims = keys.size_or("rope.dimension_count", spec.layers.front().attention.head_dim);
  rope.base = keys.number_or("rope.freq_base", rope.base);
  rope.frequency_factors = keys.has_tensor("rope_freqs.weight");
  read_rope_scaling(keys, rope);
}

void read_layer_pattern(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  read_windows(keys, row.window, spec);
  const bool rotates = !row.finetuned_rotates || keys.flag_or("rope.scaling.finetuned", true);
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    const bool skipped = row.unrotated_every != 0 && (layer + 1) % row.unrotated_every == 0;
    if (!rotates || skipped) spec.layers[layer].attention.rope.reset();
  }
}

namespace {

/// What a file says about the router, where it is the file that says it. Requires selection_bias:
/// models that have one weigh by sigmoid, and early files of some do not say so.
void read_router_keys(SpecKeys& keys, MoeSpec& moe) {
  const std::uint32_t gating = keys.size_or("expert_gating_func", moe.selection_bias ? 2 : 1);
  if (gating != 1 && gating != 2) {
    return keys.refuse("expert_gating_func",
                       fmt::format("{} (expected 1, softmax, or 2, sigmoid)", gating));
  }
  moe.router = gating == 2 ? RouterKind::sigmoid : RouterKind::softmax;
  moe.normalise_weights = keys.flag_or("expert_weights_norm", moe.normalise_weights);
  const float scale = keys.number_or("expert_weights_scale", 1.0F);
  if (scale != 0.0F) moe.weight_scale = scale;  // 0: none
  const std::uint32_t groups = keys.size_or("expert_group_count", 1);
  const std::uint32_t used = keys.size_or("expert_group_used_count", groups);
  if (groups <= 1) return;
  moe.groups = groups;
  moe.groups_used = used;
}

/// Experts that every token uses are one hidden layer, as wide as all of them together.
void read_shared_experts(SpecKeys& keys, MoeSpec& moe) {
  const std::uint32_t shared = keys.size_or("expert_shared_count", 0);
  const std::uint64_t width = std::uint64_t{shared} * moe.d_expert;
  if (width > std::numeric_limits<std::uint32_t>::max()) {
    return keys.refuse("expert_shared_count",
                       fmt::format("{} of width {}: too many", shared, moe.d_expert));
  }
  moe.d_shared = static_cast<std::uint32_t>(width);
}

/// Files number the ways to turn logits into weights; an architecture has one.
void read_router(SpecKeys& keys, const MoeSpec& moe) {
  const std::uint32_t own = moe.router == RouterKind::sigmoid ? 2 : 1;
  const std::uint32_t gating = keys.size_or("expert_gating_func", own);
  if (gating != own) {
    keys.refuse("expert_gating_func", fmt::format("{} (expected {})", gating, own));
  }
}

}  // namespace

void read_experts(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  const std::uint32_t experts =
      row.experts == Experts::always ? keys.size("expert_count") : keys.size_or("expert_count", 0);
  if (experts == 0 && row.experts != Experts::always) {
    if (const auto used = keys.size_or("expert_used_count", 0); used != 0) {
      keys.refuse("expert_used_count", fmt::format("{} (expected 0: there are no experts)", used));
    }
    return;
  }
  if (row.experts == Experts::never) {
    return keys.refuse("expert_count",
                       fmt::format("{} (expected none: {} is dense)", experts, row.name));
  }
  if (experts < 2) {
    return keys.refuse("expert_count", fmt::format("{} (expected at least 2)", experts));
  }
  MoeSpec& moe = spec.moe;
  if (!row.router_keys) read_router(keys, moe);
  const std::uint32_t d_ff = spec.layers.front().d_ff;
  moe.experts = experts;
  moe.used = keys.size("expert_used_count");
  moe.d_expert = keys.size_or("expert_feed_forward_length", d_ff);
  // A gated shared expert is always there, as wide as a dense layer where the file does not say.
  const bool shares = moe.shared_gate || moe.apart;
  moe.d_shared = keys.size_or("expert_shared_feed_forward_length", shares ? d_ff : 0);
  if (moe.d_shared == 0 && row.router_keys) read_shared_experts(keys, moe);
  const std::uint32_t dense = keys.size_or("leading_dense_block_count", 0);
  const std::uint32_t step = keys.size_or("interleave_moe_layer_step", 1);
  if (step == 0) return keys.refuse("interleave_moe_layer_step", "0 (expected at least 1)");
  for (std::size_t layer = dense; layer < spec.layers.size(); ++layer) {
    if ((layer + 1) % step == 0) {
      if (moe.apart && spec.layers[layer].d_ff != moe.d_shared) {
        return keys.refuse("feed_forward_length",
                           fmt::format("{} in layer {} (expected the {} of the others)",
                                       spec.layers[layer].d_ff, layer, moe.d_shared));
      }
      spec.layers[layer].ffn = Ffn::mixture;
      spec.layers[layer].d_ff = 0;
    }
  }
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    if (spec.layers[layer].ffn == Ffn::dense) continue;
    moe.selection_bias = (moe.selection_bias || row.router_keys) &&
                         keys.has_tensor(fmt::format("blk.{}.exp_probs_b.bias", layer));
    spec.file.fused_experts = keys.has_tensor(fmt::format("blk.{}.ffn_gate_up_exps.weight", layer));
    break;
  }
  if (row.router_keys) read_router_keys(keys, moe);
}

void read_scales(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  ScaleSpec& scale = spec.scale;
  const ScaleKeys& rule = row.scales;
  if (rule.root_embedding) scale.embedding = std::sqrt(static_cast<float>(spec.d_model));
  if (rule.granite) {
    scale.embedding = keys.number_or("embedding_scale", scale.embedding);
    scale.residual = keys.number_or("residual_scale", scale.residual);
    scale.attention = keys.number_or("attention.scale", scale.attention);
    scale.logits = keys.number("logit_scale");
  }
  if (rule.caps) {
    scale.attention_cap = rule.attention_cap;
    if (rule.attention_cap != 0.0F) {
      scale.attention_cap = keys.number_or("attn_logit_softcapping", scale.attention_cap);
    }
    scale.logit_cap = keys.number_or("final_logit_softcapping", rule.logit_cap);
  }
  if (rule.width_scale != 0 && rule.width_scale == spec.layers.size()) {
    const std::uint32_t heads = spec.layers.front().attention.heads;
    const std::uint32_t width = spec.d_model / heads;
    scale.attention = 1.0F / std::sqrt(static_cast<float>(width));
  }
  if (rule.temperature) {
    scale.temperature = keys.number_or("attention.temperature_scale", 0.0F);
    // The stretch of positions that share a factor is the context before its extension.
    if (scale.temperature != 0.0F) {
      scale.temperature_length = keys.size("rope.scaling.original_context_length");
    }
  }
}

}  // namespace assay
