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
enum class RopeScaling { none, linear, yarn };

struct RopeSpec {
  RopePairs pairs = RopePairs::adjacent;
  std::uint32_t dims = 0;  // rotated values per head
  float base = 10000.0F;
  RopeScaling scaling = RopeScaling::none;
  float factor = 1.0F;                 // context extension
  std::uint32_t original_context = 0;  // yarn
  float yarn_beta_fast = 32.0F;
  float yarn_beta_slow = 1.0F;
  float attention_factor = 1.0F;   // multiplies yarn's magnitude
  bool frequency_factors = false;  // a rope_freqs tensor divides the frequencies (llama 3)
  bool operator==(const RopeSpec&) const = default;
};

/// Normalisation of queries and keys before the rotation: per head, or over all heads at once
/// (OLMoE).
enum class QkNorm { none, per_head, full };

/// Mixture of experts. A dense model has one expert, which every token uses.
struct MoeSpec {
  std::uint32_t experts = 1;
  std::uint32_t used = 1;
  std::uint32_t d_expert = 0;      // width of one expert's hidden layer
  bool normalise_weights = false;  // the weights of the chosen experts are made to sum to 1
  bool operator==(const MoeSpec&) const = default;
};

/// The exact shape of one transformer: everything that the forward pass, the tensor plan and the
/// footprint need. Sizes are in values. It is pure data; no code asks for an architecture's name
/// outside spec mapping.
struct ModelSpec {
  std::string name;
  std::string architecture;  // general.architecture of a GGUF file
  std::uint32_t layers = 0;
  std::uint32_t d_model = 0;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  std::uint32_t d_ff = 0;  // hidden width of a dense layer
  std::uint32_t vocabulary = 0;
  std::uint32_t trained_context = 0;
  bool tied_embeddings = false;  // the output head is the token embedding
  bool qkv_bias = false;
  QkNorm qk_norm = QkNorm::none;
  float norm_epsilon = 1e-5F;
  RopeSpec rope;
  MoeSpec moe;

  [[nodiscard]] bool is_moe() const { return moe.experts > 1; }
  [[nodiscard]] std::uint32_t d_q() const { return heads * head_dim; }
  [[nodiscard]] std::uint32_t d_kv() const { return kv_heads * head_dim; }
  bool operator==(const ModelSpec&) const = default;
};

/// Architectures that the engine runs, by their general.architecture value.
std::vector<std::string> supported_architectures();

/// A spec that holds only what the architecture itself decides (which values rope rotates, the
/// normalisation of queries and keys, biases, how expert weights are normalised); every size is 0.
/// Nothing for an architecture that the engine does not run.
std::optional<ModelSpec> architecture_spec(std::string_view architecture);

/// Checks that the sizes of a spec are possible and fit each other. Errors: refused_input with
/// `source` as "NAME: FIELD".
Result<void> check_spec(const ModelSpec& spec);

}  // namespace assay
