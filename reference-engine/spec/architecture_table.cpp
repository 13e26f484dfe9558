#include "reference-engine/spec/architecture_table.hpp"

#include <algorithm>
#include <array>

namespace assay {
namespace {

// Source: the model definitions of Hugging Face transformers for these families, and the order in
// which GGUF converters store the rows of q and k (llama: adjacent pairs).
constexpr MoeSpec k_normalised{.normalise_weights = true};

constexpr std::array<ArchitectureRow, 5> k_rows{{
    {.name = "llama",
     .pairs = RopePairs::adjacent,
     .experts = Experts::optional,
     .moe = k_normalised},
    {.name = "qwen2", .bias = {.qkv = true}},
    {.name = "qwen3", .qk_norm = QkNorm::per_head},
    {.name = "qwen3moe",
     .qk_norm = QkNorm::per_head,
     .experts = Experts::always,
     .moe = k_normalised},
    {.name = "olmoe", .qk_norm = QkNorm::full, .experts = Experts::always},
}};

}  // namespace

std::span<const ArchitectureRow> architecture_rows() { return k_rows; }

const ArchitectureRow* architecture_row(std::string_view name) {
  for (const ArchitectureRow& row : k_rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string> supported_architectures() {
  std::vector<std::string> names;
  for (const ArchitectureRow& row : k_rows) names.emplace_back(row.name);
  return names;
}

std::optional<ModelSpec> architecture_spec(std::string_view architecture) {
  const ArchitectureRow* row = architecture_row(architecture);
  if (row == nullptr) return std::nullopt;
  ModelSpec spec;
  spec.architecture = row->name;
  spec.qk_norm = row->qk_norm;
  spec.bias = row->bias;
  spec.moe = row->moe;
  spec.rope().pairs = row->pairs;
  return spec;
}

std::uint32_t ModelSpec::mixture_layers() const {
  return static_cast<std::uint32_t>(
      std::count_if(layers.begin(), layers.end(),
                    [](const LayerSpec& layer) { return layer.ffn == Ffn::mixture; }));
}

LayerSpec mixture_layer(const AttentionSpec& attention) {
  LayerSpec layer;
  layer.attention = attention;
  layer.ffn = Ffn::mixture;
  return layer;
}

std::vector<LayerSpec> uniform_layers(std::size_t count, const LayerSpec& layer) {
  return std::vector<LayerSpec>(count, layer);
}

}  // namespace assay
