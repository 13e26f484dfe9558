#include "reference-engine/spec/check_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "reference-engine/ops/causal_convolution.hpp"

namespace assay {
namespace {

struct SizeLimit {
  std::string_view key;
  std::uint32_t value;
  std::uint32_t limit;
};

std::optional<SpecDefect> check_limits(std::span<const SizeLimit> sizes) {
  for (const SizeLimit& size : sizes) {
    if (size.value == 0 || size.value > size.limit) {
      return SpecDefect{size.key, fmt::format("{} (expected 1 to {})", size.value, size.limit)};
    }
  }
  return std::nullopt;
}

// Limits are far above every published model, and low enough that no size of a plan wraps: a stack
// of experts has at most 2^10 * 2^20 * 2^20 values of 4 bytes, three of them in 2^9 layers are less
// than 2^63 bytes.
constexpr std::uint32_t k_most_heads = 4096;
constexpr std::uint32_t k_widest_head = 4096;
constexpr std::uint32_t k_widest = 1U << 20;

std::optional<SpecDefect> check_sizes(const ModelSpec& spec) {
  const auto layers = static_cast<std::uint32_t>(
      std::min<std::size_t>(spec.layers.size(), std::numeric_limits<std::uint32_t>::max()));
  return check_limits(std::array<SizeLimit, 4>{{
      {"block_count", layers, k_most_layers},
      {"embedding_length", spec.d_model, k_widest},
      {"vocab_size", spec.vocabulary, 1U << 24},
      {"context_length", spec.trained_context, 1U << 30},
  }});
}

/// Of attention whose sizes are those of other attention.
std::optional<SpecDefect> check_latent(const ModelSpec& spec, const AttentionSpec& attention) {
  const LatentSpec& latent = attention.latent;
  if (auto defect = check_limits(std::array<SizeLimit, 4>{{
          {"attention.kv_lora_rank", latent.rank, k_widest_head},
          {"attention.key_length", latent.key, k_widest_head},
          {"attention.value_length", latent.value, k_widest_head},
          {"rope.dimension_count", latent.rotated, k_widest_head},
      }})) {
    return defect;
  }
  if (latent.query_rank > k_widest) {
    return SpecDefect{"attention.q_lora_rank",
                      fmt::format("{} (expected at most {})", latent.query_rank, k_widest)};
  }
  if (attention.kv_heads != 1 || attention.head_dim != latent.rank + latent.rotated) {
    return SpecDefect{
        "attention.key_length",
        fmt::format("{} heads of {} are cached (expected 1 of {})", attention.kv_heads,
                    attention.head_dim, latent.rank + latent.rotated)};
  }
  if (!attention.rope || *attention.rope >= spec.ropes.size() ||
      spec.ropes[*attention.rope].dims != latent.rotated || latent.rotated % 2 != 0) {
    return SpecDefect{"rope.dimension_count", fmt::format("{} (expected an even number of values "
                                                          "that are all rotated)",
                                                          latent.rotated)};
  }
  if (attention.output_gate || spec.file.fused_qkv || spec.bias.qkv || spec.attention_sinks ||
      spec.qk_norm != QkNorm::none || spec.scale.temperature > 0.0F) {
    return SpecDefect{"attention.kv_lora_rank",
                      "with gates, sinks, biases, norms or factors of queries and keys (expected "
                      "none of them in latent attention)"};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_attention(const ModelSpec& spec, const AttentionSpec& attention) {
  if (auto defect = check_limits(std::array<SizeLimit, 3>{{
          {"attention.head_count", attention.heads, k_most_heads},
          {"attention.head_count_kv", attention.kv_heads, k_most_heads},
          {"attention.key_length", attention.head_dim, k_widest_head},
      }})) {
    return defect;
  }
  if (attention.kv_heads > attention.heads || attention.heads % attention.kv_heads != 0) {
    return SpecDefect{"attention.head_count_kv",
                      fmt::format("{} (expected a divisor of attention.head_count = {})",
                                  attention.kv_heads, attention.heads)};
  }
  if (attention.is_latent()) return check_latent(spec, attention);
  if (!attention.rope) return std::nullopt;
  if (*attention.rope >= spec.ropes.size()) {
    return SpecDefect{"rope", fmt::format("set {} of {}", *attention.rope, spec.ropes.size())};
  }
  const std::uint32_t dims = spec.ropes[*attention.rope].dims;
  if (dims > attention.head_dim || dims % 2 != 0 || dims == 0) {
    return SpecDefect{"rope.dimension_count",
                      fmt::format("{} (expected an even number, at most the {} values of a head)",
                                  dims, attention.head_dim)};
  }
  return std::nullopt;
}

/// Of a layer that looks at the keys and values of another one before it: their shapes must agree,
/// and they must be turned alike.
std::optional<SpecDefect> check_cache(const ModelSpec& spec, std::size_t layer) {
  const AttentionSpec& attention = spec.layers[layer].attention;
  if (!attention.cache_of) return std::nullopt;
  constexpr std::string_view k_key = "attention.shared_kv_layers";
  if (*attention.cache_of >= layer) {
    return SpecDefect{k_key, fmt::format("layer {} looks at layer {} (expected one before it)",
                                         layer, *attention.cache_of)};
  }
  const LayerSpec& owner = spec.layers[*attention.cache_of];
  const AttentionSpec& other = owner.attention;
  if (owner.mixer != Mixer::attention || other.cache_of || other.kv_heads != attention.kv_heads ||
      other.head_dim != attention.head_dim || other.window != attention.window ||
      other.rope != attention.rope) {
    return SpecDefect{k_key, fmt::format("layer {} looks at layer {} (expected one that has keys "
                                         "and values, of the same heads, window and rotation)",
                                         layer, *attention.cache_of)};
  }
  return std::nullopt;
}

/// What each layer is given of a token.
std::optional<SpecDefect> check_layer_input(const ModelSpec& spec) {
  constexpr std::uint32_t k_widest_input = 1U << 14;  // 2^9 layers in a row are 2^23 values
  if (spec.d_layer_input <= k_widest_input) return std::nullopt;
  return SpecDefect{"embedding_length_per_layer_input",
                    fmt::format("{} (expected 0 to {})", spec.d_layer_input, k_widest_input)};
}

std::optional<SpecDefect> check_described(const DescribedParts& parts) {
  constexpr std::uint32_t k_most_streams = 16;
  if (parts.streams == 0 || parts.streams > k_most_streams) {
    return SpecDefect{"altup.num_inputs",
                      fmt::format("{} (expected 1 to {})", parts.streams, k_most_streams)};
  }
  if (parts.low_rank <= k_widest) return std::nullopt;
  return SpecDefect{"laurel.rank",
                    fmt::format("{} (expected at most {})", parts.low_rank, k_widest)};
}

/// One matrix of q, k and v has no place for values that are keys, or for keys of another layer.
std::optional<SpecDefect> check_fused(const ModelSpec& spec) {
  if (!spec.file.fused_qkv) return std::nullopt;
  for (const LayerSpec& layer : spec.layers) {
    if (layer.attention.cache_of || layer.attention.values_are_keys) {
      return SpecDefect{"attention.shared_kv_layers",
                        "layers without keys or values of their own (expected none beside fused "
                        "matrices)"};
    }
    if (layer.attention.output_gate) {
      return SpecDefect{"attn_qkv.weight",
                        "a gate of the output beside fused matrices (expected "
                        "one of them)"};
    }
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_norm(const NormSpec& norm) {
  if (!std::isfinite(norm.epsilon) || norm.epsilon < 0.0F || norm.epsilon > 1.0F) {
    return SpecDefect{"attention.layer_norm_rms_epsilon",
                      fmt::format("{} (expected 0 to 1)", norm.epsilon)};
  }
  return std::nullopt;
}

/// A factor or cap: finite, and from `least` on. 1e6 is far above all published ones.
std::optional<SpecDefect> check_factor(std::string_view key, float value, float least) {
  constexpr float k_most = 1e6F;
  if (value >= least && value <= k_most) return std::nullopt;
  return SpecDefect{key, fmt::format("{} (expected {} to {})", value, least, k_most)};
}

std::optional<SpecDefect> check_scales(const ScaleSpec& scale) {
  constexpr float k_least = 1e-6F;  // of what multiplies or divides
  const std::array defects{
      check_factor("embedding_scale", scale.embedding, k_least),
      check_factor("residual_scale", scale.residual, k_least),
      check_factor("attention.scale", scale.attention, 0.0F),
      check_factor("attn_logit_softcapping", scale.attention_cap, 0.0F),
      check_factor("logit_scale", scale.logits, k_least),
      check_factor("final_logit_softcapping", scale.logit_cap, 0.0F),
      check_factor("attention.temperature_scale", scale.temperature, 0.0F),
  };
  for (const auto& defect : defects) {
    if (defect) return defect;
  }
  if (scale.temperature > 0.0F && scale.temperature_length == 0) {
    return SpecDefect{"attention.temperature_length", "0 (expected at least 1)"};
  }
  return std::nullopt;
}

/// `first` is the set whose sizes tensors of factors have.
std::optional<SpecDefect> check_rope(const RopeSpec& rope, const RopeSpec& first) {
  if (rope.dims > k_widest_head) {
    return SpecDefect{"rope.dimension_count",
                      fmt::format("{} (expected at most {})", rope.dims, k_widest_head)};
  }
  const bool has_factors = rope.frequency_factors || rope.scaling == RopeScaling::longrope;
  if (has_factors && rope.dims != first.dims) {
    return SpecDefect{
        "rope.dimension_count_swa",
        fmt::format("{} (expected {}, as many as have frequency factors)", rope.dims, first.dims)};
  }
  // 1e12 is far above the largest base in use (1e8).
  if (!(rope.base >= 1.0F && rope.base <= 1e12F)) {
    return SpecDefect{"rope.freq_base", fmt::format("{} (expected 1 to 1e12)", rope.base)};
  }
  if (rope.scaling == RopeScaling::none) return std::nullopt;
  if (!(rope.factor > 0.0F && rope.factor <= 1e6F)) {
    return SpecDefect{"rope.scaling.factor",
                      fmt::format("{} (expected more than 0, at most 1e6)", rope.factor)};
  }
  if (rope.scaling == RopeScaling::linear) return std::nullopt;
  if (rope.original_context == 0) {
    return SpecDefect{"rope.scaling.original_context_length",
                      "missing or 0 (expected the context before the extension)"};
  }
  if (!(rope.attention_factor > 0.0F && rope.attention_factor <= 1e3F)) {
    return SpecDefect{
        "rope.scaling.attn_factor",
        fmt::format("{} (expected more than 0, at most 1000)", rope.attention_factor)};
  }
  if (rope.scaling == RopeScaling::longrope) return std::nullopt;
  if (!(rope.yarn_magnitude_divisor >= 0.0F && rope.yarn_magnitude_divisor <= 1e3F)) {
    return SpecDefect{"rope.scaling.yarn_log_multiplier",
                      fmt::format("{} (expected 0 to 1000)", rope.yarn_magnitude_divisor)};
  }
  if (!(rope.yarn_beta_slow > 0.0F && rope.yarn_beta_fast > rope.yarn_beta_slow &&
        rope.yarn_beta_fast <= 1e6F)) {
    return SpecDefect{"rope.scaling.yarn_beta_fast",
                      fmt::format("{} over {} (expected fast above slow, both above 0)",
                                  rope.yarn_beta_fast, rope.yarn_beta_slow)};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_dense(const LayerSpec& layer) {
  if (layer.d_ff == 0 || layer.d_ff > k_widest) {
    return SpecDefect{"feed_forward_length",
                      fmt::format("{} (expected 1 to {})", layer.d_ff, k_widest)};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_groups(const MoeSpec& moe) {
  if (moe.groups == 0 || moe.experts % moe.groups != 0) {
    return SpecDefect{"expert_group_count", fmt::format("{} (expected a divisor of expert_count = "
                                                        "{})",
                                                        moe.groups, moe.experts)};
  }
  if (moe.groups_used == 0 || moe.groups_used > moe.groups ||
      moe.used > moe.groups_used * (moe.experts / moe.groups)) {
    return SpecDefect{"expert_group_used_count",
                      fmt::format("{} of {} groups of {} experts (expected room for the {} used)",
                                  moe.groups_used, moe.groups, moe.experts / moe.groups, moe.used)};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_experts(const MoeSpec& moe, std::uint32_t mixture_layers) {
  constexpr std::uint32_t k_most_experts = 1024;
  if ((moe.experts > 1) != (mixture_layers > 0) || moe.experts == 0) {
    return SpecDefect{"expert_count",
                      fmt::format("{} (expected {}: {} layers have experts)", moe.experts,
                                  mixture_layers > 0 ? "at least 2" : "1", mixture_layers)};
  }
  if (moe.experts == 1) {
    if (moe.used == 1) return std::nullopt;
    return SpecDefect{"expert_used_count",
                      fmt::format("{} (expected 1 in a dense model)", moe.used)};
  }
  if (moe.experts > k_most_experts) {
    return SpecDefect{"expert_count",
                      fmt::format("{} (expected at most {})", moe.experts, k_most_experts)};
  }
  if (moe.used == 0 || moe.used > moe.experts) {
    return SpecDefect{"expert_used_count", fmt::format("{} (expected 1 to the {} of expert_count)",
                                                       moe.used, moe.experts)};
  }
  if (moe.d_expert == 0 || moe.d_expert > k_widest) {
    return SpecDefect{"expert_feed_forward_length",
                      fmt::format("{} (expected 1 to {})", moe.d_expert, k_widest)};
  }
  if (moe.d_shared > k_widest) {
    return SpecDefect{"expert_shared_feed_forward_length",
                      fmt::format("{} (expected at most {})", moe.d_shared, k_widest)};
  }
  if (auto defect = check_groups(moe)) return defect;
  if (moe.apart && moe.d_shared == 0) {
    return SpecDefect{"feed_forward_length", "0 (expected a dense layer beside the experts)"};
  }
  return check_factor("expert_weights_scale", moe.weight_scale, 1e-6F);
}

std::optional<SpecDefect> check_taps(std::string_view key, const RecurrenceSpec& recurrence) {
  return check_limits(
      std::array<SizeLimit, 1>{{{key, recurrence.taps, std::uint32_t{k_most_taps}}}});
}

/// Of a state space or a delta net.
std::optional<SpecDefect> check_heads(const RecurrenceSpec& recurrence) {
  if (auto defect = check_taps("ssm.conv_kernel", recurrence)) return defect;
  if (auto defect = check_limits(std::array<SizeLimit, 4>{{
          {"ssm.time_step_rank", recurrence.heads, k_most_heads},
          {"ssm.inner_size", recurrence.head_dim, 4096},
          {"ssm.state_size", recurrence.state, 4096},
          {"ssm.group_count", recurrence.groups, k_most_heads},
      }})) {
    return defect;
  }
  if (recurrence.heads % recurrence.groups != 0) {
    return SpecDefect{"ssm.group_count",
                      fmt::format("{} (expected a divisor of ssm.time_step_rank = {})",
                                  recurrence.groups, recurrence.heads)};
  }
  return std::nullopt;
}

std::optional<SpecDefect> check_layer(const ModelSpec& spec, const LayerSpec& layer) {
  switch (layer.mixer) {
    case Mixer::attention:
      if (auto defect = check_attention(spec, layer.attention)) return defect;
      if (!layer.state_beside) break;
      if (auto defect = check_heads(spec.recurrence)) return defect;
      break;
    case Mixer::short_convolution:
      if (auto defect = check_taps("shortconv.l_cache", spec.recurrence)) return defect;
      break;
    case Mixer::gated_delta_net:
    case Mixer::state_space:
      if (auto defect = check_heads(spec.recurrence)) return defect;
      break;
    case Mixer::none:
      if (layer.ffn == Ffn::none) return SpecDefect{"block_count", "a layer without any block"};
      break;
  }
  return layer.ffn == Ffn::dense ? check_dense(layer) : std::nullopt;
}

}  // namespace

std::optional<SpecDefect> find_defect(const ModelSpec& spec) {
  if (auto defect = check_sizes(spec)) return defect;
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
    if (auto defect = check_layer(spec, spec.layers[layer])) return defect;
    if (auto defect = check_cache(spec, layer)) return defect;
  }
  if (auto defect = check_fused(spec)) return defect;
  if (auto defect = check_layer_input(spec)) return defect;
  if (auto defect = check_described(spec.described)) return defect;
  if (auto defect = check_norm(spec.norm)) return defect;
  if (spec.ropes.empty()) return SpecDefect{"rope", "none (expected at least one set)"};
  for (const RopeSpec& rope : spec.ropes) {
    if (auto defect = check_rope(rope, spec.rope())) return defect;
  }
  if (auto defect = check_scales(spec.scale)) return defect;
  return check_experts(spec.moe, spec.mixture_layers());
}

Result<void> check_spec(const ModelSpec& spec) {
  const auto defect = find_defect(spec);
  if (!defect) return {};
  return fail(ErrorCode::refused_input, defect->found,
              fmt::format("{}: {}", spec.name, defect->key));
}

Result<void> check_runs(const ModelSpec& spec) {
  if (auto checked = check_spec(spec); !checked) return checked;
  const bool one_block = std::ranges::any_of(spec.layers, [](const LayerSpec& layer) {
    return layer.mixer == Mixer::none || layer.ffn == Ffn::none || layer.state_beside;
  });
  if (!one_block && spec.described == DescribedParts{} && spec.recurrence.norm) return {};
  return fail(ErrorCode::refused_input, "the engine does not run all of the model's parts",
              spec.name);
}

}  // namespace assay
