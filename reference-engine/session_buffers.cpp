#include "reference-engine/session_buffers.hpp"

#include <algorithm>

#include "reference-engine/ops/attention.hpp"
#include "reference-engine/runtime/arena.hpp"
#include "reference-engine/spec/mixer_sizes.hpp"

namespace assay {
namespace {

/// Input widths of the matrix products, which is what activations are quantised at, and the widest
/// of what differs from layer to layer.
struct Widths {
  std::uint64_t d_q;
  std::uint64_t d_kv;
  std::uint64_t projected;
  std::uint64_t mixed;
  std::uint64_t latents;
  std::uint64_t hidden;   // of a dense layer, of one expert, of what is shared
  std::uint64_t input;    // widest input of the products that see all tokens
  std::uint64_t experts;  // widest input of the products that see an expert's tokens; 0 if dense
};

Widths widths(const ModelSpec& spec) {
  Widths width{};
  width.d_q = widest(spec, [](const LayerSpec& layer) { return layer.attention.d_q(); });
  width.d_kv = widest(spec, [](const LayerSpec& layer) { return layer.attention.d_kv(); });
  width.projected =
      widest(spec, [&](const LayerSpec& layer) { return mixer_sizes(spec, layer).projected; });
  width.mixed = widest(spec, [&](const LayerSpec& layer) {
    return layer.mixer == Mixer::attention ? layer.attention.latent.query_rank
                                           : mixer_sizes(spec, layer).inner;
  });
  width.latents = widest(spec, [](const LayerSpec& layer) -> std::uint64_t {
    const LatentSpec& latent = layer.attention.latent;
    if (!layer.attention.is_latent()) return 0;
    return std::uint64_t{layer.attention.heads} * std::max(latent.rank, latent.key);
  });
  const std::uint64_t output =
      widest(spec, [](const LayerSpec& layer) { return layer.attention.d_output(); });
  const std::uint64_t of_all_tokens =
      std::max(widest(spec, [](const LayerSpec& layer) { return layer.d_ff; }),
               std::uint64_t{spec.moe.d_shared});
  width.hidden = std::max(of_all_tokens, std::uint64_t{spec.moe.d_expert});
  width.input = std::max({std::uint64_t{spec.d_model}, width.d_q, output, width.mixed,
                          width.latents, of_all_tokens, std::uint64_t{spec.d_layer_input}});
  if (spec.is_moe()) width.experts = std::max(spec.d_model, spec.moe.d_expert);
  return width;
}

std::uint64_t attention_values(const LayerSpec& layer) {
  if (layer.mixer != Mixer::attention) return 0;
  const AttentionSpec& attention = layer.attention;
  return attention_scratch_values(attention_group(attention), attention.head_dim);
}

/// Of the layer that needs most: a window is at most the context.
std::uint64_t attention_parts_values(const ModelSpec& spec, std::uint32_t context) {
  return widest(spec, [&](const LayerSpec& layer) -> std::uint64_t {
    if (layer.mixer != Mixer::attention) return 0;
    const AttentionSpec& attention = layer.attention;
    const std::uint32_t window = attention.window == 0 ? context : attention.window;
    const std::uint64_t spans = most_attention_spans(std::min(window, context));
    if (spans < 2) return 0;
    const std::uint32_t group = attention_group(attention);
    const std::uint64_t blocks = (attention.heads + group - 1) / group;
    return blocks * spans * attention_part_values(group, attention.head_dim);
  });
}

std::uint64_t rope_values(const ModelSpec& spec) {
  std::uint64_t values = 0;
  for (const RopeSpec& rope : spec.ropes) values += 2 * std::uint64_t{rope.dims / 2};
  return values;
}

}  // namespace

std::uint32_t pass_tokens(const SessionShape& shape) {
  return std::min(shape.chunk, shape.context);
}

std::uint32_t ffn_rows(const ModelSpec& spec, const SessionShape& shape) {
  return spec.is_moe() ? std::max(pass_tokens(shape), spec.moe.used) : pass_tokens(shape);
}

std::uint64_t attention_stride(const ModelSpec& spec) { return widest(spec, attention_values); }

Bytes session_buffer_bytes(SessionBuffer buffer, const ModelSpec& spec, const SessionShape& shape) {
  const Widths width = widths(spec);
  const std::uint64_t tokens = pass_tokens(shape);
  const std::uint64_t rows = ffn_rows(spec, shape);
  const std::uint64_t moe = spec.is_moe() ? 1 : 0;
  constexpr std::uint64_t k_f32 = sizeof(float);
  constexpr std::uint64_t k_u32 = sizeof(std::uint32_t);
  switch (buffer) {
    case SessionBuffer::residual:
    case SessionBuffer::normalised:
      return Bytes(tokens * spec.d_model * k_f32);
    case SessionBuffer::queries:
      return Bytes(tokens * width.d_q * k_f32);
    case SessionBuffer::keys:
    case SessionBuffer::values:
      return Bytes(tokens * width.d_kv * k_f32);
    case SessionBuffer::projected:
      return Bytes(tokens * width.projected * k_f32);
    case SessionBuffer::mixed:
      return Bytes(tokens * width.mixed * k_f32);
    case SessionBuffer::latents:
      return Bytes(tokens * width.latents * k_f32);
    case SessionBuffer::codes:
      return Bytes(tokens * width.input);
    case SessionBuffer::code_scales:
      return Bytes(tokens * (width.input / 32) * k_f32);
    case SessionBuffer::code_sums:
      return Bytes(tokens * (width.input / 16) * sizeof(std::int16_t));
    case SessionBuffer::gate:
    case SessionBuffer::up:
      return Bytes(rows * width.hidden * k_f32);
    case SessionBuffer::expert_rows:
      return Bytes(moe * rows * spec.d_model * k_f32);
    case SessionBuffer::mixture:
      return Bytes(spec.norm.after ? moe * tokens * spec.d_model * k_f32 : 0);
    case SessionBuffer::expert_codes:
      return Bytes(rows * width.experts);
    case SessionBuffer::expert_scales:
      return Bytes(rows * (width.experts / 32) * k_f32);
    case SessionBuffer::expert_sums:
      return Bytes(rows * (width.experts / 16) * sizeof(std::int16_t));
    case SessionBuffer::router_logits:
      return Bytes(moe * tokens * spec.moe.experts * k_f32);
    case SessionBuffer::expert_weights:
      return Bytes(moe * tokens * spec.moe.used * k_f32);
    case SessionBuffer::expert_choices:
    case SessionBuffer::expert_order:
      return Bytes(moe * tokens * spec.moe.used * k_u32);
    case SessionBuffer::rope:
      return Bytes(tokens * rope_values(spec) * k_f32);
    case SessionBuffer::attention:
      return Bytes(shape.threads * attention_stride(spec) * k_f32);
    case SessionBuffer::attention_parts:
      return Bytes(attention_parts_values(spec, shape.context) * k_f32);
    case SessionBuffer::logits:
      return Bytes(std::uint64_t{std::min(k_logit_columns, pass_tokens(shape))} * spec.vocabulary *
                   k_f32);
    case SessionBuffer::layer_inputs:
      return Bytes(tokens * spec.layers.size() * spec.d_layer_input * k_f32);
    case SessionBuffer::layer_gate:
      return Bytes(tokens * spec.d_layer_input * k_f32);
  }
  return Bytes(0);
}

Bytes session_buffers_bytes(const ModelSpec& spec, const SessionShape& shape) {
  Bytes total(0);
  for (std::size_t i = 0; i < k_session_buffers; ++i) {
    total += Arena::rounded(session_buffer_bytes(static_cast<SessionBuffer>(i), spec, shape));
  }
  return total;
}

}  // namespace assay
