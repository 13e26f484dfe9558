#include "advisor/config_json/config_type.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace assay {
namespace {

constexpr LayerRule k_windows_in_turn{.letters = "FS", .other = 'S', .full_every = 2};
constexpr LayerRule k_three_windows{.letters = "FS", .other = 'S', .full_every = 4};
constexpr LayerRule k_five_windows{.letters = "FS", .other = 'S', .full_every = 6};
constexpr LayerRule k_delta_nets{.letters = "FL", .other = 'L', .full_every = 4};
constexpr LayerRule k_convolutions{.letters = "FC", .other = 'F', .full_every = 1};
constexpr LayerRule k_state_spaces{.letters = "FM", .other = 'M', .full_every = 0};
constexpr ExpertFields k_local_experts{.count = "num_local_experts", .width = "intermediate_size"};
constexpr ExpertFields k_qwen_experts{.count = "num_experts",
                                      .width = "moe_intermediate_size",
                                      .shared_width = "shared_expert_intermediate_size"};
constexpr ExpertFields k_routed_experts{.count = "n_routed_experts",
                                        .width = "moe_intermediate_size",
                                        .shared_count = "n_shared_experts",
                                        .dense_layers = "first_k_dense_replace",
                                        .optional = true};

// Source: the configuration classes of Hugging Face transformers (defaults included).
constexpr std::array k_types{
    ConfigType{.model_type = "llama", .architecture = "llama"},
    ConfigType{.model_type = "mistral", .architecture = "llama", .kv_heads = 8},
    ConfigType{.model_type = "mixtral",
               .architecture = "llama",
               .kv_heads = 8,
               .experts = k_local_experts},
    ConfigType{.model_type = "qwen2", .architecture = "qwen2"},
    ConfigType{.model_type = "qwen2_moe", .architecture = "qwen2moe", .experts = k_qwen_experts},
    ConfigType{.model_type = "qwen3", .architecture = "qwen3", .head_dim = 128},
    ConfigType{.model_type = "qwen3_moe",
               .architecture = "qwen3moe",
               .head_dim = 128,
               .experts = {.count = "num_experts", .width = "moe_intermediate_size"}},
    ConfigType{.model_type = "qwen3_5_text",
               .architecture = "qwen35",
               .head_dim = 256,
               .rotated_share = 0.25,
               .layers = k_delta_nets,
               .output_gate = true},
    ConfigType{.model_type = "qwen3_5_moe_text",
               .architecture = "qwen35moe",
               .head_dim = 256,
               .rotated_share = 0.25,
               .layers = k_delta_nets,
               .experts = k_qwen_experts,
               .output_gate = true},
    ConfigType{.model_type = "olmo2", .architecture = "olmo2"},
    ConfigType{
        .model_type = "olmo3", .architecture = "olmo2", .window = 4096, .layers = k_three_windows},
    ConfigType{.model_type = "olmoe",
               .architecture = "olmoe",
               .experts = {.count = "num_experts", .width = "intermediate_size"}},
    ConfigType{.model_type = "phi3", .architecture = "phi3"},
    ConfigType{.model_type = "phimoe",
               .architecture = "phimoe",
               .kv_heads = 8,
               .experts = k_local_experts,
               .biases = true},
    ConfigType{.model_type = "gemma2",
               .architecture = "gemma2",
               .kv_heads = 4,
               .head_dim = 256,
               .window = 4096,
               .tied = true,
               .layers = k_windows_in_turn},
    ConfigType{.model_type = "gemma3_text",
               .architecture = "gemma3",
               .heads = 8,
               .kv_heads = 4,
               .head_dim = 256,
               .vocabulary = 262208,
               .context = 131072,
               .window = 4096,
               .tied = true,
               .windowed_base = 10000.0,
               .layers = k_five_windows},
    ConfigType{.model_type = "gemma4_text",
               .architecture = "gemma4",
               .heads = 8,
               .kv_heads = 4,
               .head_dim = 256,
               .vocabulary = 262144,
               .context = 131072,
               .window = 512,
               .tied = true,
               .windowed_base = 10000.0,
               .layers = k_five_windows,
               .experts = {.count = "num_experts",
                           .width = "moe_intermediate_size",
                           .used = "top_k_experts",
                           .shared_width = "intermediate_size",
                           .optional = true},
               .full_head_dim = 512,
               .layer_input = 256},
    ConfigType{.model_type = "granite", .architecture = "granite"},
    ConfigType{
        .model_type = "granitemoe", .architecture = "granitemoe", .experts = k_local_experts},
    ConfigType{.model_type = "granitemoehybrid",
               .architecture = "granitehybrid",
               .layers = k_state_spaces,
               .experts = {.count = "num_local_experts",
                           .width = "intermediate_size",
                           .shared_width = "shared_intermediate_size",
                           .optional = true},
               .rotation_is_named = true,
               .without_recurrence = "granite"},
    ConfigType{
        .model_type = "smollm3", .architecture = "smollm3", .tied = true, .unrotated_every = 4},
    ConfigType{.model_type = "gpt_oss",
               .architecture = "gpt-oss",
               .kv_heads = 8,
               .head_dim = 64,
               .window = 128,
               .layers = k_windows_in_turn,
               .experts = k_local_experts,
               .biases = true},
    ConfigType{
        .model_type = "ministral3", .architecture = "mistral3", .kv_heads = 8, .head_dim = 128},
    ConfigType{.model_type = "ernie4_5", .architecture = "ernie4_5", .head_dim = 128, .tied = true},
    ConfigType{.model_type = "ernie4_5_moe",
               .architecture = "ernie4_5-moe",
               .tied = true,
               .experts = {.count = "moe_num_experts",
                           .width = "moe_intermediate_size",
                           .used = "moe_k",
                           .shared_count = "moe_num_shared_experts",
                           .dense_layers = "moe_layer_start_index"}},
    ConfigType{.model_type = "lfm2",
               .architecture = "lfm2",
               .kv_heads = 8,
               .tied = true,
               .layers = k_convolutions},
    ConfigType{.model_type = "lfm2_moe",
               .architecture = "lfm2moe",
               .kv_heads = 8,
               .tied = true,
               .layers = k_convolutions,
               .experts = {.count = "num_experts",
                           .width = "moe_intermediate_size",
                           .dense_layers = "num_dense_layers"}},
    ConfigType{.model_type = "deepseek_v2",
               .architecture = "deepseek2",
               .experts = k_routed_experts,
               .latent = true},
    ConfigType{.model_type = "deepseek_v3",
               .architecture = "deepseek2",
               .experts = k_routed_experts,
               .latent = true},
};

}  // namespace

std::span<const ConfigType> config_types() { return k_types; }

const ConfigType* config_type(std::string_view model_type) {
  for (const ConfigType& type : k_types) {
    if (type.model_type == model_type) return &type;
  }
  return nullptr;
}

std::string config_type_names() {
  std::string names;
  for (const ConfigType& type : k_types) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", type.model_type);
  }
  return names;
}

std::vector<std::string> nearest_config_types(std::string_view model_type) {
  std::vector<std::string> names;
  for (const ConfigType& type : k_types) names.emplace_back(type.model_type);
  return nearest_names(model_type, names);
}

}  // namespace assay
