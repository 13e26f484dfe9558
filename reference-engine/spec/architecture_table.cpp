#include "reference-engine/spec/architecture_table.hpp"

#include <array>

namespace assay {
namespace {

// Source: the model definitions of Hugging Face transformers for these families, and the order in
// which GGUF converters store the rows of q and k (llama: adjacent pairs).
constexpr std::array<ArchitectureRow, 5> k_rows{{
    {"llama", RopePairs::adjacent, QkNorm::none, false, Experts::optional, true},
    {"qwen2", RopePairs::halves, QkNorm::none, true, Experts::never, false},
    {"qwen3", RopePairs::halves, QkNorm::per_head, false, Experts::never, false},
    {"qwen3moe", RopePairs::halves, QkNorm::per_head, false, Experts::always, true},
    {"olmoe", RopePairs::halves, QkNorm::full, false, Experts::always, false},
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
  spec.qkv_bias = row->qkv_bias;
  spec.qk_norm = row->qk_norm;
  spec.rope.pairs = row->pairs;
  spec.moe.normalise_weights = row->normalise_weights;
  return spec;
}

}  // namespace assay
