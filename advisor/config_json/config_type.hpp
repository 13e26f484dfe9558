#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Names of the fields that describe experts; an empty name: there is no such field.
struct ExpertFields {
  std::string_view count = {};  // of a dense model empty
  std::string_view width = {};  // of one expert's hidden layer
  std::string_view used = "num_experts_per_tok";
  std::string_view shared_width = {};  // of what all tokens use besides
  std::string_view shared_count = {};  // the same as a number of experts
  std::string_view dense_layers = {};  // how many of the first layers have no experts
  bool optional = false;               // no count, or 0: a dense model
};

/// Layers where the file has no list of them. Letters are those of the catalogue's patterns.
struct LayerRule {
  std::string_view letters = "F";  // the kinds that the architecture has
  char other = 'F';                // every `full_every`-th layer is F, the others are this
  std::uint32_t full_every = 1;
};

/// One model_type of Hugging Face: its GGUF architecture, how it names its sizes, and what its
/// configuration class takes for those that a file leaves out (0: a file must have them).
struct ConfigType {
  std::string_view model_type;
  std::string_view architecture;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;  // 0: as many as heads
  std::uint32_t head_dim = 0;  // 0: hidden_size / num_attention_heads
  std::uint32_t vocabulary = 0;
  std::uint32_t context = 0;
  std::uint32_t window = 0;
  bool tied = false;
  double rotated_share = 1.0;  // of a head's values
  double windowed_base = 0.0;  // of the rotation in windowed layers; 0: as in the others
  LayerRule layers = {};
  ExpertFields experts = {};
  bool latent = false;                // attention over a latent vector
  bool output_gate = false;           // of attention
  bool biases = false;                // the architecture has biases of attention
  std::uint32_t unrotated_every = 0;  // every so many layers do not rotate; 0: all do
  bool rotation_is_named = false;     // none but where position_embedding_type is "rope"
  /// Values of a head in layers without a window, where those with one have head_dim; 0: as many.
  std::uint32_t full_head_dim = 0;
  std::uint32_t layer_input = 0;             // of hidden_size_per_layer_input
  std::string_view without_recurrence = {};  // architecture of dense models that are all attention
};

std::span<const ConfigType> config_types();
/// Null for an unknown one.
const ConfigType* config_type(std::string_view model_type);
/// All names, for messages.
std::string config_type_names();
/// The plausible ones of what an unknown name was meant to be, best first.
std::vector<std::string> nearest_config_types(std::string_view model_type);

}  // namespace assay
