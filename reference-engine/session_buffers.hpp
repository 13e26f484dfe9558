#pragma once

#include <array>
#include <cstdint>

#include "base/units.hpp"
#include "reference-engine/footprint.hpp"
#include "reference-engine/model_spec.hpp"

namespace assay {

/// The activation buffers of a session. The session allocates by this list and the footprint adds
/// it up: what is predicted is what is used.
enum class SessionBuffer {
  residual,      // f32 [chunk, d_model]
  normalised,    // f32 [chunk, d_model], also what attention and a dense layer give back
  queries,       // f32 [chunk, widest d_q], replaced by what the heads give
  keys,          // f32 [chunk, widest d_kv]
  values,        // f32 [chunk, widest d_kv]
  projected,     // f32 [chunk, widest row of a mixer], see spec/mixer_sizes.hpp
  mixed,         // f32 [chunk, widest inner row of a layer that carries a state, or what the
                 // queries of latent attention are made from]
  latents,       // f32 [heads][chunk, wider of rank and key]: input of the products of one head
  codes,         // int8 [chunk, widest input of a product]
  code_scales,   // f32, one for 32 codes
  code_sums,     // int16, one for 16 codes
  gate,          // f32 [ffn rows, hidden width]
  up,            // f32 [ffn rows, hidden width]
  expert_rows,   // f32 [ffn rows, d_model]: the gathered input, then the output of experts
  mixture,       // f32 [chunk, d_model]: the sum of a mixture that is normalised before it is added
  expert_codes,  // int8 [ffn rows, wider of d_model and hidden width]
  expert_scales,
  expert_sums,
  router_logits,    // f32 [chunk, experts], then the gates of what is shared
  expert_weights,   // f32 [chunk, used]
  expert_choices,   // u32 [chunk, used]
  expert_order,     // u32 [chunk * used]: (token, slot) sorted by expert
  rope,             // f32 [rope sets][2, chunk, rope dims / 2]
  attention,        // f32 scratch of each thread
  attention_parts,  // f32 [blocks of heads][spans][attention_part_values] of a step of decode
  logits,           // f32 [k_logit_columns, vocabulary]
  layer_inputs,     // f32 [chunk, layers, d_layer_input]
  layer_gate,       // f32 [chunk, d_layer_input]
};
inline constexpr std::size_t k_session_buffers = 28;

/// Tokens whose logits are computed at once when all are asked for: the head is read once for them.
inline constexpr std::uint32_t k_logit_columns = 8;

/// Most tokens of one pass: no more than the context holds.
std::uint32_t pass_tokens(const SessionShape& shape);

/// Rows that pass through the hidden layers at once. The tokens of a dense model; in a mixture the
/// (token, expert) pairs go through in waves of whole experts, one expert has at most as many as
/// a pass has tokens.
std::uint32_t ffn_rows(const ModelSpec& spec, const SessionShape& shape);

/// Values of one thread's scratch of attention: what the widest layer needs.
std::uint64_t attention_stride(const ModelSpec& spec);

/// Bytes of each buffer; 0 for one that the model does not need.
Bytes session_buffer_bytes(SessionBuffer buffer, const ModelSpec& spec, const SessionShape& shape);
/// Bytes of all of them, as they lie in memory.
Bytes session_buffers_bytes(const ModelSpec& spec, const SessionShape& shape);

}  // namespace assay
