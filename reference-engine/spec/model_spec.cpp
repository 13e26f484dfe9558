// The mapping from the keys of a GGUF file to a ModelSpec. Only architecture_table.cpp knows
// architectures by name.
#include "reference-engine/model_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/spec/architecture_table.hpp"
#include "reference-engine/spec/check_spec.hpp"
#include "reference-engine/spec/latent_keys.hpp"
#include "reference-engine/spec/layer_keys.hpp"
#include "reference-engine/spec/recurrent_keys.hpp"
#include "reference-engine/spec/shared_layer_keys.hpp"
#include "reference-engine/spec/spec_keys.hpp"

namespace assay {
namespace {

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

/// What the presence of a tensor decides.
void read_tensors(const SpecKeys& keys, ModelSpec& spec) {
  spec.tied_embeddings = !keys.has_tensor("output.weight");
  const auto first =
      std::find_if(spec.layers.begin(), spec.layers.end(),
                   [](const LayerSpec& layer) { return layer.mixer == Mixer::attention; });
  const auto has = [&](std::string_view tensor) {
    return keys.has_tensor(fmt::format("blk.{}.{}", first - spec.layers.begin(), tensor));
  };
  // Fused files of an architecture that has them apart, and the other way round.
  if (has("attn_qkv.weight")) spec.file.fused_qkv = true;
  if (has("attn_q.weight")) spec.file.fused_qkv = false;
  spec.bias.qkv = spec.bias.qkv || has(spec.file.fused_qkv ? "attn_qkv.bias" : "attn_q.bias");
  spec.bias.attention_output = spec.bias.attention_output || has("attn_output.bias");
  spec.layer_scale = spec.layer_scale && has("layer_output_scale.weight");
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
  read_layers(keys, **row, spec);
  if (keys.refusal()) return tl::unexpected<Error>(*keys.refusal());
  read_rope(keys, spec);
  read_layer_pattern(keys, **row, spec);
  read_shared_cache(keys, **row, spec);
  read_layer_inputs(keys, **row, spec);
  read_recurrence(keys, **row, spec);
  read_experts(keys, **row, spec);
  read_scales(keys, **row, spec);
  if ((*row)->latent) read_latent_scale(keys, spec);
  if (keys.refusal()) return tl::unexpected<Error>(*keys.refusal());
  const auto vocabulary = read_vocabulary(file, keys);
  if (!vocabulary) return pass_on(vocabulary);
  keys.refuse_unread();
  if (keys.refusal()) return tl::unexpected<Error>(*keys.refusal());
  spec.vocabulary = *vocabulary;
  read_tensors(keys, spec);
  read_values(keys, **row, spec);
  if (const auto defect = find_defect(spec)) {
    return file.refuse(fmt::format("{}.{}", spec.architecture, defect->key), defect->found);
  }
  return spec;
}

}  // namespace assay
