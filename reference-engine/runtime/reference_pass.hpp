#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference-engine/runtime/session_state.hpp"

namespace assay {

/// Squared differences of one step from what float64 gives, and the energy of that.
struct StepError {
  double error = 0.0;
  double size = 0.0;
  void add(double found, double exact) {
    error += (found - exact) * (found - exact);
    size += exact * exact;
  }
};

/// The keys and values that a session stored for one token in one layer.
struct StoredErrors {
  StepError keys;
  StepError values;
};

/// Keys and values of one token in one layer. Shapes: each [kv_heads, head_dim].
struct KeysAndValues {
  std::vector<double> keys;
  std::vector<double> values;
};

/// What is known of a token besides the residual.
struct ReferenceToken {
  std::vector<double> inputs;       // [layers, d_layer_input]; empty where layers are given nothing
  std::vector<KeysAndValues> kept;  // of the layers so far, for those that look at another's
};

// The steps of one token at the session's present depth in float64, over weights that are
// dequantised row by row and the keys and values that the cache holds for the positions before it.
// Activations are exact, or rounded to int8 codes where the session declares that it does so
// (Session::State::rounding). Shapes: residual [d_model].

std::vector<double> reference_embedding(const Session::State& state, std::uint32_t token);

/// The token before the first layer. Shape: embedded [d_model].
ReferenceToken reference_token(const Session::State& state, std::uint32_t token,
                               const std::vector<double>& embedded);

/// residual += mixer(norm(residual)). With `stored`, the token's own keys and values are those that
/// the session has stored; how far they are off is noted there.
void reference_mixer_block(const Session::State& state, std::uint32_t layer, ReferenceToken& token,
                           std::vector<double>& residual, StoredErrors* stored = nullptr);

/// The same of a layer of attention.
void reference_attention_block(const Session::State& state, std::uint32_t layer,
                               std::vector<KeysAndValues>& kept, std::vector<double>& residual,
                               StoredErrors* stored);

/// residual += ffn(norm(residual)). `routing` holds the experts that the session chose; the choice
/// is followed where the router's float64 logits leave it open, so that the comparison is of
/// arithmetic and not of a tie. Empty for a dense layer.
void reference_ffn_block(const Session::State& state, std::uint32_t layer,
                         std::span<const std::uint32_t> routing, std::vector<double>& residual);

/// residual += what the layer makes of its input of the token.
void reference_input_block(const Session::State& state, std::uint32_t layer,
                           const ReferenceToken& token, std::vector<double>& residual);

/// residual *= the layer's factor.
void reference_scale(const Session::State& state, std::uint32_t layer,
                     std::vector<double>& residual);

/// The norm, the head, and what is done to the logits. Shape of the result: [vocabulary].
std::vector<double> reference_head(const Session::State& state,
                                   const std::vector<double>& residual);

/// How many experts a token uses in a layer; 0 in a dense one.
inline std::size_t chosen_experts(const ModelSpec& spec, std::uint32_t layer) {
  return spec.layers[layer].ffn == Ffn::mixture ? spec.moe.used : 0;
}

/// All steps, one after the other. `routing`: [mixture layers][used]. Shape of the result:
/// [vocabulary].
std::vector<double> reference_logits(const Session::State& state, std::uint32_t token,
                                     std::span<const std::uint32_t> routing);

}  // namespace assay
