#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "reference-engine/model_spec.hpp"

namespace assay {

enum class Experts { never, optional, always };

/// Layers that see a window only: all but every `full_every`-th, or all of them.
struct WindowRule {
  enum class Layers { none, alternate, all } layers = Layers::none;
  std::uint32_t full_every = 0;      // of `alternate`; a file may say otherwise, must where it is 0
  std::uint32_t default_window = 0;  // 0: the file must say it, or no layer has a window
  bool optional = false;             // a file without a window has none
  bool unscaled_rope = false;        // windowed layers do not extend the context, nor have factors
  float rope_base = 0.0F;            // of windowed layers; 0: as the others
};

/// Constants that files of an architecture may hold, and what they are when they do not.
struct ScaleKeys {
  bool granite = false;         // embedding_scale, residual_scale, attention.scale, logit_scale
  bool root_embedding = false;  // embeddings are multiplied by sqrt(d_model)
  bool caps = false;            // attn_logit_softcapping, final_logit_softcapping
  float attention_cap = 0.0F;
  float logit_cap = 0.0F;
  bool temperature = false;       // attention.temperature_scale
  float attention = 0.0F;         // what q . k is multiplied with; 0: 1 / sqrt(head_dim)
  std::uint32_t width_scale = 0;  // a model of so many layers scales by 1 / sqrt(d_model / heads)
};

/// One architecture of a known block shape: everything that its name alone decides. A new family is
/// one more row; what a row does not name is as in llama.
struct ArchitectureRow {
  std::string_view name;
  RopePairs pairs = RopePairs::halves;
  QkNorm qk_norm = QkNorm::none;
  BiasSpec bias = {};  // others are taken where the file has them
  Experts experts = Experts::never;
  MoeSpec moe = {};  // the router; sizes come from the file
  NormSpec norm = {};
  Activation activation = Activation::silu;
  bool attention_sinks = false;
  WindowRule window = {};
  std::uint32_t unrotated_every = 0;  // every so many layers do not rotate; 0: all do
  bool finetuned_rotates = false;     // rope.scaling.finetuned = false means no rotation
  ScaleKeys scales = {};
  FileLayout file = {};
  Mixer recurrent = Mixer::attention;  // of the layers that are not attention, where there are some
  bool output_gate = false;            // of attention
  bool latent = false;                 // attention over a latent vector
  bool router_keys = false;  // files say how the router weighs: softmax or sigmoid, norm, scale,
                             // groups of experts, a bias for the choice
  bool value_norm = false;
  bool layer_scale = false;     // where a file has it
  bool layer_inputs = false;    // embedding_length_per_layer_input
  bool shared_cache = false;    // attention.shared_kv_layers
  bool keys_as_values = false;  // of layers without a value matrix
};

std::span<const ArchitectureRow> architecture_rows();
/// Null for an unknown architecture.
const ArchitectureRow* architecture_row(std::string_view name);

}  // namespace assay
