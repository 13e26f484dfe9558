#include "reference-engine/spec/architecture_table.hpp"

#include <algorithm>
#include <array>

namespace assay {
namespace {

// Source: the model definitions of Hugging Face transformers for these families, and llama.cpp's
// src/models for what GGUF files leave open: the order in which converters store the rows of q and
// k (llama: adjacent pairs), which layers have a window, the norms of phimoe (a bias after a
// root-mean-square norm).
constexpr MoeSpec k_normalised{.normalise_weights = true};
constexpr NormSpec k_norm_around{.after = true};
constexpr NormSpec k_norm_after{.before = false, .after = true};
constexpr BiasSpec k_all_but_head{
    .qkv = true, .attention_output = true, .router = true, .experts = true};
constexpr WindowRule k_whole_window{.layers = WindowRule::Layers::all, .optional = true};

constexpr std::array k_rows{
    ArchitectureRow{.name = "llama",
                    .pairs = RopePairs::adjacent,
                    .experts = Experts::optional,
                    .moe = k_normalised},
    ArchitectureRow{.name = "qwen2", .bias = {.qkv = true}},
    ArchitectureRow{.name = "qwen2moe",
                    .bias = {.qkv = true},
                    .experts = Experts::always,
                    .moe = {.shared_gate = true}},
    ArchitectureRow{.name = "qwen3", .qk_norm = QkNorm::per_head},
    ArchitectureRow{.name = "qwen3moe",
                    .qk_norm = QkNorm::per_head,
                    .experts = Experts::always,
                    .moe = k_normalised},
    ArchitectureRow{.name = "olmoe", .qk_norm = QkNorm::full, .experts = Experts::always},
    ArchitectureRow{.name = "olmo2",
                    .qk_norm = QkNorm::full,
                    .norm = k_norm_after,
                    .window = {.layers = WindowRule::Layers::alternate,
                               .full_every = 4,
                               .optional = true,
                               .unscaled_rope = true}},
    ArchitectureRow{.name = "phi3",
                    .window = k_whole_window,
                    .file = {.fused_qkv = true, .fused_gate_up = true}},
    ArchitectureRow{.name = "phimoe",
                    .bias = {.qkv = true, .attention_output = true, .head = true},
                    .experts = Experts::always,
                    .moe = k_normalised,
                    .norm = {.bias = true},
                    .window = k_whole_window},
    ArchitectureRow{.name = "gemma2",
                    .norm = k_norm_around,
                    .activation = Activation::gelu_tanh,
                    .window = {.layers = WindowRule::Layers::alternate,
                               .full_every = 2,
                               .default_window = 4096},
                    .scales = {.root_embedding = true,
                               .caps = true,
                               .attention_cap = 50.0F,
                               .logit_cap = 30.0F,
                               .width_scale = 46}},
    ArchitectureRow{.name = "gemma3",
                    .qk_norm = QkNorm::per_head,
                    .norm = k_norm_around,
                    .activation = Activation::gelu_tanh,
                    .window = {.layers = WindowRule::Layers::alternate,
                               .full_every = 6,
                               .optional = true,
                               .unscaled_rope = true,
                               .rope_base = 10000.0F},
                    .scales = {.root_embedding = true, .caps = true, .width_scale = 62}},
    ArchitectureRow{.name = "granite",
                    .pairs = RopePairs::adjacent,
                    .finetuned_rotates = true,
                    .scales = {.granite = true}},
    ArchitectureRow{.name = "granitemoe",
                    .pairs = RopePairs::adjacent,
                    .experts = Experts::always,
                    .moe = k_normalised,
                    .finetuned_rotates = true,
                    .scales = {.granite = true}},
    ArchitectureRow{.name = "smollm3", .pairs = RopePairs::adjacent, .unrotated_every = 4},
    ArchitectureRow{.name = "gpt-oss",
                    .bias = k_all_but_head,
                    .experts = Experts::always,
                    .moe = k_normalised,  // softmax over the chosen ones
                    .activation = Activation::clamped_swiglu,
                    .attention_sinks = true,
                    .window = {.layers = WindowRule::Layers::alternate, .full_every = 2},
                    .file = {.ffn_norm_is_post_attention = true}},
    ArchitectureRow{.name = "mistral3",
                    .pairs = RopePairs::adjacent,
                    .experts = Experts::optional,
                    .moe = k_normalised,
                    .scales = {.temperature = true}},
    ArchitectureRow{.name = "ernie4_5", .pairs = RopePairs::adjacent},
    ArchitectureRow{.name = "ernie4_5-moe",
                    .pairs = RopePairs::adjacent,
                    .experts = Experts::always,
                    .moe = {.selection_bias = true, .normalise_weights = true}},
    ArchitectureRow{.name = "lfm2",
                    .qk_norm = QkNorm::per_head,
                    .window = k_whole_window,
                    .file = {.output_norm_is_embedding_norm = true},
                    .recurrent = Mixer::short_convolution},
    ArchitectureRow{
        .name = "lfm2moe",
        .qk_norm = QkNorm::per_head,
        .experts = Experts::always,
        .moe = {.router = RouterKind::sigmoid, .selection_bias = true, .normalise_weights = true},
        .file = {.output_norm_is_embedding_norm = true},
        .recurrent = Mixer::short_convolution},
    ArchitectureRow{.name = "granitehybrid",
                    .pairs = RopePairs::adjacent,
                    .experts = Experts::optional,
                    .moe = k_normalised,
                    .finetuned_rotates = true,
                    .scales = {.granite = true},
                    .recurrent = Mixer::state_space},
    ArchitectureRow{.name = "qwen35",
                    .qk_norm = QkNorm::per_head,
                    .file = {.ffn_norm_is_post_attention = true},
                    .recurrent = Mixer::gated_delta_net,
                    .output_gate = true},
    ArchitectureRow{.name = "qwen35moe",
                    .qk_norm = QkNorm::per_head,
                    .experts = Experts::always,
                    .moe = {.normalise_weights = true, .shared_gate = true},
                    .file = {.ffn_norm_is_post_attention = true},
                    .recurrent = Mixer::gated_delta_net,
                    .output_gate = true},
    ArchitectureRow{.name = "deepseek2",
                    .pairs = RopePairs::adjacent,
                    .experts = Experts::optional,
                    .latent = true,
                    .router_keys = true},
    ArchitectureRow{.name = "gemma4",
                    .qk_norm = QkNorm::per_head,
                    .experts = Experts::optional,
                    .moe = {.normalise_weights = true, .apart = true, .expert_scale = true},
                    .norm = k_norm_around,
                    .activation = Activation::gelu_tanh,
                    .window = {.layers = WindowRule::Layers::alternate, .unscaled_rope = true},
                    .scales = {.root_embedding = true, .caps = true, .attention = 1.0F},
                    .value_norm = true,
                    .layer_scale = true,
                    .layer_inputs = true,
                    .shared_cache = true,
                    .keys_as_values = true},
};

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
  spec.norm = row->norm;
  spec.activation = row->activation;
  spec.attention_sinks = row->attention_sinks;
  spec.value_norm = row->value_norm;
  spec.layer_scale = row->layer_scale;
  spec.scale.attention = row->scales.attention;
  spec.file = row->file;
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
