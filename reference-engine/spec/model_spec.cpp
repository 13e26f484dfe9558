// The mapping from the keys of a GGUF file to a ModelSpec. This file and architecture_table.cpp are
// the only places that know architectures by name.
#include "reference-engine/model_spec.hpp"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/spec/architecture_table.hpp"
#include "reference-engine/spec/check_spec.hpp"

namespace assay {
namespace {

/// The keys of one architecture; the first refusal is kept, later reads do nothing.
class SpecKeys {
 public:
  SpecKeys(const GgufFile& file, std::string_view architecture)
      : file_(&file), prefix_(std::string(architecture) + ".") {}

  [[nodiscard]] bool has(std::string_view key) const {
    return file_->has(prefix_ + std::string(key));
  }
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }

  std::uint32_t size(std::string_view key) {
    return narrow(key, taken(file_->count(prefix_ + std::string(key)), std::uint64_t{0}));
  }
  std::uint32_t size_or(std::string_view key, std::uint32_t fallback) {
    return has(key) ? size(key) : fallback;
  }
  float number(std::string_view key) {
    return static_cast<float>(taken(file_->number(prefix_ + std::string(key)), 0.0));
  }
  float number_or(std::string_view key, float fallback) {
    return has(key) ? number(key) : fallback;
  }
  std::string text_or(std::string_view key, std::string fallback) {
    return taken(file_->text_or(prefix_ + std::string(key), std::move(fallback)), std::string());
  }
  void refuse(std::string_view key, std::string_view found) {
    if (!refusal_) refusal_ = file_->refuse(prefix_ + std::string(key), found).value();
  }

 private:
  template <typename T>
  T taken(Result<T> result, T fallback) {
    if (result) return std::move(*result);
    if (!refusal_) refusal_ = std::move(result.error());
    return fallback;
  }
  std::uint32_t narrow(std::string_view key, std::uint64_t value) {
    if (value <= std::numeric_limits<std::uint32_t>::max())
      return static_cast<std::uint32_t>(value);
    refuse(key, fmt::format("{} (expected a 32-bit number)", value));
    return 0;
  }

  const GgufFile* file_;
  std::string prefix_;
  std::optional<Error> refusal_;
};

void read_attention(SpecKeys& keys, ModelSpec& spec, AttentionSpec& attention) {
  attention.heads = keys.size("attention.head_count");
  attention.kv_heads = keys.size_or("attention.head_count_kv", attention.heads);
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

/// All layers alike, as the header describes them.
void read_layers(SpecKeys& keys, ModelSpec& spec) {
  LayerSpec layer;
  read_attention(keys, spec, layer.attention);
  layer.d_ff = keys.size_or("feed_forward_length", 0);
  const std::uint32_t count = keys.size("block_count");
  if (count == 0 || count > k_most_layers) {
    return keys.refuse("block_count", fmt::format("{} (expected 1 to {})", count, k_most_layers));
  }
  spec.layers = uniform_layers(count, layer);
}

void read_rope_scaling(SpecKeys& keys, RopeSpec& rope) {
  rope.factor = keys.number_or("rope.scaling.factor", keys.number_or("rope.scale_linear", 1.0F));
  // Files from before rope.scaling.type hold the factor alone; it means linear.
  const std::string type =
      keys.text_or("rope.scaling.type", rope.factor == 1.0F ? "none" : "linear");
  if (type == "none") {
    rope.factor = 1.0F;
  } else if (type == "linear") {
    rope.scaling = RopeScaling::linear;
  } else if (type == "yarn") {
    rope.scaling = RopeScaling::yarn;
    rope.original_context = keys.size("rope.scaling.original_context_length");
    rope.yarn_beta_fast = keys.number_or("rope.scaling.yarn_beta_fast", rope.yarn_beta_fast);
    rope.yarn_beta_slow = keys.number_or("rope.scaling.yarn_beta_slow", rope.yarn_beta_slow);
    rope.attention_factor = keys.number_or("rope.scaling.attn_factor", rope.attention_factor);
  } else {
    keys.refuse("rope.scaling.type",
                fmt::format("'{}' (expected none, linear or yarn)", printable(type, 60)));
  }
}

void read_experts(SpecKeys& keys, const ArchitectureRow& row, ModelSpec& spec) {
  const std::uint32_t experts =
      row.experts == Experts::always ? keys.size("expert_count") : keys.size_or("expert_count", 0);
  if (experts == 0 && row.experts != Experts::always) return;
  if (row.experts == Experts::never) {
    return keys.refuse("expert_count",
                       fmt::format("{} (expected none: {} is dense)", experts, row.name));
  }
  if (experts < 2) {
    return keys.refuse("expert_count", fmt::format("{} (expected at least 2)", experts));
  }
  spec.moe.experts = experts;
  spec.moe.used = keys.size("expert_used_count");
  spec.moe.d_expert =
      keys.size_or("expert_feed_forward_length", keys.size_or("feed_forward_length", 0));
  for (LayerSpec& layer : spec.layers) {
    layer.ffn = Ffn::mixture;
    layer.d_ff = 0;
  }
}

Result<std::uint32_t> read_vocabulary(const GgufFile& file, SpecKeys& keys) {
  constexpr std::string_view k_tokens = "tokenizer.ggml.tokens";
  const GgufTensor* embedding = file.tensor("token_embd.weight");
  if (embedding == nullptr) return file.refuse("tensor 'token_embd.weight'", "missing");
  if (embedding->dims.size() != 2 ||
      embedding->dims[1] > std::numeric_limits<std::uint32_t>::max()) {
    return file.refuse("tensor 'token_embd.weight'",
                       fmt::format("[{}] values (expected embedding_length x vocabulary)",
                                   fmt::join(embedding->dims, ", ")));
  }
  const auto rows = static_cast<std::uint32_t>(embedding->dims[1]);
  if (file.has(k_tokens)) {
    const auto tokens = file.array(k_tokens, GgufType::string);
    if (!tokens) return pass_on(tokens);
    if ((*tokens)->size() != rows) {
      return file.refuse(k_tokens, fmt::format("{} tokens (expected the {} rows of "
                                               "token_embd.weight)",
                                               (*tokens)->size(), rows));
    }
  } else if (const std::uint32_t declared = keys.size_or("vocab_size", rows); declared != rows) {
    keys.refuse("vocab_size",
                fmt::format("{} (expected the {} rows of token_embd.weight)", declared, rows));
  }
  return rows;
}

Result<const ArchitectureRow*> read_architecture(const GgufFile& file) {
  constexpr std::string_view k_key = "general.architecture";
  const auto name = file.text(k_key);
  if (!name) return pass_on(name);
  const ArchitectureRow* row = architecture_row(*name);
  if (row == nullptr) {
    return file.refuse(k_key,
                       fmt::format("'{}' is not supported (expected {})", printable(*name, 60),
                                   fmt::join(supported_architectures(), ", ")));
  }
  return row;
}

Result<void> refuse_parts(const GgufFile& file) {
  constexpr std::string_view k_key = "split.count";
  const auto parts = file.count_or(k_key, 1);
  if (!parts) return pass_on(parts);
  if (*parts > 1) {
    return file.refuse(k_key, fmt::format("one of {} parts (expected a whole model: join the parts "
                                          "first)",
                                          *parts));
  }
  return {};
}

}  // namespace

Result<ModelSpec> model_spec(const GgufFile& file) {
  const auto row = read_architecture(file);
  if (!row) return pass_on(row);
  if (auto whole = refuse_parts(file); !whole) return pass_on(whole);
  if (file.tensors().empty()) return file.refuse("tensor count", "0: no weights in this file");
  ModelSpec spec = *architecture_spec((*row)->name);
  const auto name = file.text_or("general.name", spec.architecture);
  if (!name) return pass_on(name);
  spec.name = printable(*name);
  SpecKeys keys(file, spec.architecture);
  spec.d_model = keys.size("embedding_length");
  spec.trained_context = keys.size("context_length");
  spec.norm.epsilon = keys.number("attention.layer_norm_rms_epsilon");
  read_layers(keys, spec);
  if (keys.refusal()) return tl::unexpected<Error>(*keys.refusal());
  RopeSpec& rope = spec.rope();
  rope.dims = keys.size_or("rope.dimension_count", spec.layers.front().attention.head_dim);
  rope.base = keys.number_or("rope.freq_base", rope.base);
  read_rope_scaling(keys, rope);
  read_experts(keys, **row, spec);
  if (keys.refusal()) return tl::unexpected<Error>(*keys.refusal());
  const auto vocabulary = read_vocabulary(file, keys);
  if (!vocabulary) return pass_on(vocabulary);
  if (keys.refusal()) return tl::unexpected<Error>(*keys.refusal());
  spec.vocabulary = *vocabulary;
  spec.tied_embeddings = file.tensor("output.weight") == nullptr;
  rope.frequency_factors = file.tensor("rope_freqs.weight") != nullptr;
  spec.bias.qkv = spec.bias.qkv || file.tensor("blk.0.attn_q.bias") != nullptr;
  if (const auto defect = find_defect(spec)) {
    return file.refuse(fmt::format("{}.{}", spec.architecture, defect->key), defect->found);
  }
  return spec;
}

}  // namespace assay
