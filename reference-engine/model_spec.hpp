#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace assay {

/// Which values of a head are rotated together: (2i, 2i+1) or (i, i + dims/2).
enum class RopePairs { adjacent, halves };
enum class RopeScaling { none, linear, yarn, longrope };

struct RopeSpec {
  RopePairs pairs = RopePairs::adjacent;
  std::uint32_t dims = 0;  // rotated values per head
  float base = 10000.0F;
  RopeScaling scaling = RopeScaling::none;
  float factor = 1.0F;                 // context extension
  std::uint32_t original_context = 0;  // yarn, longrope
  float yarn_beta_fast = 32.0F;
  float yarn_beta_slow = 1.0F;
  /// Yarn scales rotated values by (1 + 0.1 magnitude ln factor) / (1 + 0.1 divisor ln factor).
  float yarn_magnitude = 1.0F;
  float yarn_magnitude_divisor = 0.0F;
  float attention_factor = 1.0F;   // multiplies what is rotated besides (yarn, longrope)
  bool frequency_factors = false;  // a rope_freqs tensor divides the frequencies (llama 3)
  bool operator==(const RopeSpec&) const = default;
};

/// Normalisation of queries and keys before the rotation: per head, or over all heads at once
/// (OLMoE).
enum class QkNorm { none, per_head, full };

/// Keys and values of all heads made from one short vector of a token. That vector and one rotated
/// key, which the heads share, are all that the cache keeps. Source: DeepSeek-V2, section 2.1.
struct LatentSpec {
  std::uint32_t rank = 0;        // values of that vector; 0: heads have keys of their own
  std::uint32_t query_rank = 0;  // of the vector that queries are made from; 0: from the input
  std::uint32_t key = 0;         // values of a head's key that are not rotated
  std::uint32_t rotated = 0;     // values of the shared key, which follow those
  std::uint32_t value = 0;       // values of a head's value
  bool operator==(const LatentSpec&) const = default;
};

/// Softmax attention of one layer. Latent attention is that of heads which share one key of
/// rank + rotated values, the first `rank` of which are the value: kv_heads is 1, and head_dim is
/// rank + rotated.
struct AttentionSpec {
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t window = 0;               // positions that a query sees, its own included; 0: all
  std::optional<std::uint32_t> rope = 0;  // which of ModelSpec::ropes; none: no rotation
  bool output_gate = false;  // a head's output is multiplied by sigmoid of values that its rows of
                             // the query matrix give besides the query, after it
  LatentSpec latent = {};
  /// The layer before it whose keys and values it looks at; none: its own.
  std::optional<std::uint32_t> cache_of = {};
  bool values_are_keys = false;  // no value matrix: what the key matrix gives, before its norm

  [[nodiscard]] bool is_latent() const { return latent.rank != 0; }
  [[nodiscard]] std::uint32_t d_q() const { return heads * head_dim; }
  /// Rows of the query matrix.
  [[nodiscard]] std::uint32_t d_q_rows() const {
    if (is_latent()) return heads * (latent.key + latent.rotated);
    return output_gate ? 2 * d_q() : d_q();
  }
  /// Columns of the output matrix.
  [[nodiscard]] std::uint32_t d_output() const {
    return is_latent() ? heads * latent.value : d_q();
  }
  /// Rows of head_dim values that the cache keeps of one position: keys and values, or the one that
  /// is both.
  [[nodiscard]] std::uint32_t cached_rows() const { return is_latent() ? 1 : 2 * kv_heads; }
  [[nodiscard]] std::uint32_t d_kv() const { return kv_heads * head_dim; }
  bool operator==(const AttentionSpec&) const = default;
};

/// Layers that carry a state from token to token; all of a model are alike. Each convolves what it
/// projects over the last tokens. The heads of a state space and of a delta net also keep a matrix:
/// `state` values for each of their own `head_dim` ones.
struct RecurrenceSpec {
  std::uint32_t taps = 0;      // of the convolution, the present token's included
  std::uint32_t heads = 0;     // 0 in a short convolution
  std::uint32_t head_dim = 0;  // values of a head
  std::uint32_t state = 0;     // values of a key (delta net), of B and of C (state space)
  std::uint32_t groups = 0;    // how many of those there are: heads share them
  bool norm = true;            // of what the heads of a state space give

  [[nodiscard]] std::uint32_t d_inner() const { return heads * head_dim; }
  /// Of a state space or a delta net: what is convolved.
  [[nodiscard]] std::uint32_t d_mixed() const { return d_inner() + 2 * groups * state; }
  bool operator==(const RecurrenceSpec&) const = default;
};

/// How a layer mixes positions. Each kind is one file in ops/.
enum class Mixer { attention, gated_delta_net, short_convolution, state_space, none };
/// What follows it: one gated hidden layer, or a mixture of experts.
enum class Ffn { dense, mixture, none };

/// One layer. Layers of a model may differ in everything that stands here.
struct LayerSpec {
  Mixer mixer = Mixer::attention;
  AttentionSpec attention;    // of Mixer::attention
  bool state_beside = false;  // of attention: a state space sees the same input, and both are added
  Ffn ffn = Ffn::dense;
  std::uint32_t d_ff = 0;  // hidden width of a dense layer; 0 in a mixture
  bool operator==(const LayerSpec&) const = default;
};

/// Root-mean-square normalisation of the residual stream.
struct NormSpec {
  float epsilon = 1e-5F;
  bool bias = false;   // added after the weights
  bool before = true;  // of what a block sees
  bool after = false;  // of what a block gives, before it is added
  bool operator==(const NormSpec&) const = default;
};

/// The gate of a hidden layer: silu(gate) * up, gelu(gate) * up by its tanh form, or gpt-oss's
/// silu(1.702 min(gate, 7)) / 1.702 * (clamp(up, -7, 7) + 1).
enum class Activation { silu, gelu_tanh, clamped_swiglu };

/// What turns router logits into weights of experts. Softmax over all experts, normalised over the
/// chosen ones, is the same as softmax over the chosen ones.
enum class RouterKind { softmax, sigmoid };

/// Mixture of experts. A dense model has one expert, which every token uses.
struct MoeSpec {
  std::uint32_t experts = 1;
  std::uint32_t used = 1;
  std::uint32_t d_expert = 0;  // width of one expert's hidden layer
  RouterKind router = RouterKind::softmax;
  bool selection_bias = false;     // a bias per expert counts in the choice, not in the weights
  bool normalise_weights = false;  // the weights of the chosen experts are made to sum to 1
  float weight_scale = 1.0F;       // multiplies the weights, normalised or not
  std::uint32_t d_shared = 0;      // hidden width of what all tokens use besides; 0: none
  bool shared_gate = false;        // its output is multiplied by sigmoid(x . w)
  /// Experts next to each other form groups of equal size; those of the groups_used groups whose
  /// two best experts sum up highest can be chosen.
  std::uint32_t groups = 1;
  std::uint32_t groups_used = 1;
  /// What is shared and the experts have norms before and after them of their own, and the router
  /// sees the residual by a third norm, divided by sqrt(d_model).
  bool apart = false;
  bool expert_scale = false;  // a factor for each expert multiplies what it gives
  bool operator==(const MoeSpec&) const = default;
};

/// Which products are followed by a bias.
struct BiasSpec {
  bool qkv = false;
  bool attention_output = false;
  bool router = false;
  bool experts = false;  // gate, up and down of each expert
  bool head = false;
  bool operator==(const BiasSpec&) const = default;
};

/// Constant factors and caps; those of the default change nothing.
struct ScaleSpec {
  float embedding = 1.0F;      // multiplies what is looked up
  float residual = 1.0F;       // multiplies what a block adds
  float attention = 0.0F;      // multiplies q . k; 0: 1 / sqrt(values of a key)
  float attention_cap = 0.0F;  // scores become cap * tanh(score / cap); 0: no cap
  float logits = 1.0F;         // divides the logits
  float logit_cap = 0.0F;
  /// Queries at position p are multiplied by 1 + temperature * ln(1 + floor(p / length)).
  float temperature = 0.0F;
  std::uint32_t temperature_length = 0;
  bool operator==(const ScaleSpec&) const = default;
};

/// How a file holds the tensors, where that is not one for each matrix.
struct FileLayout {
  bool fused_qkv = false;                   // one matrix, rows of q, then k, then v
  bool fused_gate_up = false;               // dense: one matrix, rows of gate, then up
  bool fused_experts = false;               // the same of experts
  bool ffn_norm_is_post_attention = false;  // the norm before the feed-forward block is called so
  bool output_norm_is_embedding_norm = false;  // the last norm is called so
  bool latent_heads_apart = false;    // latent attention: a matrix a head for keys, transposed, and
                                      // one for values, not both below each other
  bool idle_keys_and_values = false;  // layers that look at another's have matrices for them too
  bool operator==(const FileLayout&) const = default;
};

/// Parts whose sizes are known, and that the engine does not run.
struct DescribedParts {
  bool gateless = false;       // hidden layers are act(up), without a gate
  std::uint32_t streams = 1;   // residual streams that each layer predicts and corrects (AltUp)
  std::uint32_t low_rank = 0;  // of a product beside attention, through so many values (Laurel)
  bool operator==(const DescribedParts&) const = default;
};

/// The exact shape of one transformer: everything that the forward pass, the tensor plan and the
/// footprint need. Sizes are in values. It is pure data; no code asks for an architecture's name
/// outside spec mapping.
struct ModelSpec {
  std::string name;
  std::string architecture;  // general.architecture of a GGUF file
  std::uint32_t d_model = 0;
  std::uint32_t vocabulary = 0;
  std::uint32_t trained_context = 0;
  std::vector<LayerSpec> layers;
  std::vector<RopeSpec> ropes = {RopeSpec{}};  // never empty; layers say which is theirs
  MoeSpec moe;                                 // of the layers that are a mixture
  RecurrenceSpec recurrence;                   // of the layers that carry a state
  NormSpec norm;
  QkNorm qk_norm = QkNorm::none;
  bool value_norm = false;  // of values, per head and without weights
  Activation activation = Activation::silu;
  BiasSpec bias;
  ScaleSpec scale;
  bool attention_sinks = false;  // a logit per head that takes part in the softmax and adds nothing
  bool tied_embeddings = false;  // the output head is the token embedding
  /// Width of what each layer is given of the token besides the residual; 0: nothing.
  std::uint32_t d_layer_input = 0;
  bool layer_scale = false;  // a factor for each layer multiplies the residual after it
  FileLayout file;
  DescribedParts described;

  [[nodiscard]] RopeSpec& rope() { return ropes.front(); }
  [[nodiscard]] const RopeSpec& rope() const { return ropes.front(); }
  [[nodiscard]] bool is_moe() const { return moe.experts > 1; }
  /// How many layers are a mixture.
  [[nodiscard]] std::uint32_t mixture_layers() const;
  bool operator==(const ModelSpec&) const = default;
};

/// Far above every published model.
inline constexpr std::uint32_t k_most_layers = 512;

/// `count` layers that are all alike.
std::vector<LayerSpec> uniform_layers(std::size_t count, const LayerSpec& layer);
/// A layer of attention and experts.
LayerSpec mixture_layer(const AttentionSpec& attention);

/// The largest `size(layer)` of the layers; 0 of none.
template <typename Size>
std::uint64_t widest(const ModelSpec& spec, Size size) {
  std::uint64_t most = 0;
  for (const LayerSpec& layer : spec.layers) {
    const std::uint64_t one = size(layer);
    if (one > most) most = one;
  }
  return most;
}

/// Architectures that the engine runs, by their general.architecture value.
std::vector<std::string> supported_architectures();

/// A spec that holds only what the architecture itself decides (which values rope rotates, the
/// normalisation of queries and keys, biases, how expert weights are normalised); every size is 0.
/// Nothing for an architecture that the engine does not run.
std::optional<ModelSpec> architecture_spec(std::string_view architecture);

/// Checks that the sizes of a spec are possible and fit each other. Errors: refused_input with
/// `source` as "NAME: FIELD".
Result<void> check_spec(const ModelSpec& spec);
/// Checks besides that the engine runs all of its parts.
Result<void> check_runs(const ModelSpec& spec);

}  // namespace assay
