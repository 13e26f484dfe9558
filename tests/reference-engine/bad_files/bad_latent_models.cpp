// Headers of models with latent attention and groups of experts that cannot be.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/spoiled_model.hpp"
#include "tests/reference-engine/seeded_models.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most = std::numeric_limits<std::uint32_t>::max();
constexpr const char* k_together = "deepseek2-lite";        // keys and values in attn_kv_b
constexpr const char* k_apart = "deepseek2-lite-absorbed";  // attn_k_b and attn_v_b
constexpr const char* k_grouped = "deepseek2-v3";

BadFile with_size(std::string name, const char* model, const char* key, std::uint32_t value,
                  std::string message) {
  return {std::move(name),
          [model, key = std::string(key), value] {
            GgufBuilder file = seeded_model(model);
            file.set_u32("deepseek2." + key, value);
            return file.build();
          },
          std::move(message)};
}

}  // namespace

std::vector<BadFile> bad_latent_attention() {
  return {with_size("rank_0", k_together, "attention.kv_lora_rank", 0, "attention.kv_lora_rank: 0"),
          with_size("rank_most", k_together, "attention.kv_lora_rank", k_most,
                    "attention.kv_lora_rank: 4294967295 (expected at most 4096"),
          with_size("rank_of_other_tensors", k_together, "attention.kv_lora_rank", 16,
                    "tensor 'blk.0.attn_kv_a_mqa.weight': [32, 48] values (expected [32, 32]"),
          with_size("rank_of_other_keys", k_apart, "attention.kv_lora_rank", 16,
                    "attention.key_length: 48 (expected 32"),
          with_size("query_rank_most", k_grouped, "attention.q_lora_rank", k_most,
                    "attention.q_lora_rank: 4294967295 (expected at most"),
          with_size("heads_0", k_together, "attention.head_count", 0, "attention.head_count_kv: 2"),
          with_size("heads_most", k_apart, "attention.head_count", k_most,
                    "attention.head_count: 4294967295 (expected 1 to 4096)"),
          with_size("kv_heads", k_together, "attention.head_count_kv", 1,
                    "attention.head_count_kv: 1 (expected 2"),
          with_size("kv_heads_apart", k_apart, "attention.head_count_kv", 2,
                    "attention.head_count_kv: 2 (expected 1"),
          with_size("rotated_0", k_apart, "rope.dimension_count", 0,
                    "attention.key_length: 48 (expected 32"),
          with_size("rotated_all", k_together, "rope.dimension_count", 32,
                    "attention.key_length: 32 (expected more than the 32 rotated"),
          with_size("rotated_most", k_together, "rope.dimension_count", k_most,
                    "attention.key_length: 32 (expected more than the 4294967295 rotated"),
          with_size("rotated_odd", k_together, "rope.dimension_count", 15,
                    "rope.dimension_count: 15 (expected an even number"),
          with_size("key_most", k_together, "attention.key_length", k_most,
                    "attention.key_length: 4294967279 (expected 1 to 4096)"),
          with_size("key_apart_0", k_apart, "attention.key_length_mla", 0,
                    "attention.key_length_mla: 0 (expected more than the 16 rotated"),
          with_size("value_0", k_together, "attention.value_length", 0,
                    "attention.value_length: 0 (expected 1 to 4096)"),
          with_size("value_most", k_apart, "attention.value_length_mla", k_most,
                    "attention.value_length: 4294967295 (expected 1 to 4096)"),
          with_size("value_of_cache", k_apart, "attention.value_length", 48,
                    "attention.value_length: 48 (expected 32"),
          with_size("layers_that_guess", k_grouped, "nextn_predict_layers", 1,
                    "nextn_predict_layers: present (expected only keys"),
          bad_model(
              "no_rank", k_together,
              [](GgufBuilder& f) { f.remove("deepseek2.attention.kv_lora_rank"); },
              "deepseek2.attention.kv_lora_rank: missing"),
          bad_model(
              "fused_qkv", k_grouped,
              [](GgufBuilder& f) {
                f.add_f32("blk.0.attn_qkv.weight", {64, 2}, std::vector<float>(128));
              },
              "attention.kv_lora_rank: with gates"),
          bad_model(
              "query_bias", k_together,
              [](GgufBuilder& f) { f.add_f32("blk.0.attn_q.bias", {64}, std::vector<float>(64)); },
              "attention.kv_lora_rank: with gates"),
          bad_model(
              "heads_missing", k_apart, [](GgufBuilder& f) { f.remove("blk.3.attn_v_b.weight"); },
              "tensor 'blk.3.attn_v_b.weight': missing (expected [32, 32, 2] values)"),
          bad_model(
              "heads_as_norm", k_apart,
              [](GgufBuilder& f) { f.tensor("blk.0.attn_k_b.weight").dims = {32, 16, 2}; },
              "tensor 'blk.0.attn_k_b.weight': [32, 16, 2] values (expected [16, 32, 2]")};
}

std::vector<BadFile> bad_expert_groups() {
  return {with_size("gating", k_grouped, "expert_gating_func", 3,
                    "expert_gating_func: 3 (expected 1, softmax, or 2, sigmoid)"),
          with_size("groups_3", k_grouped, "expert_group_count", 3,
                    "expert_group_count: 3 (expected a divisor of expert_count = 8)"),
          with_size("groups_most", k_grouped, "expert_group_count", k_most,
                    "expert_group_count: 4294967295 (expected a divisor"),
          with_size("no_group_used", k_grouped, "expert_group_used_count", 0,
                    "expert_group_used_count: 0 of 4"),
          with_size("more_groups_used", k_grouped, "expert_group_used_count", 5,
                    "expert_group_used_count: 5 of 4"),
          with_size("groups_too_small", k_grouped, "expert_group_used_count", 1,
                    "expert_group_used_count: 1 of 4 groups of 2 experts (expected room for the 3"),
          with_size("shared_most", k_grouped, "expert_shared_count", k_most,
                    "expert_shared_count: 4294967295 of width 32"),
          with_size("shared_other", k_together, "expert_shared_count", 3,
                    "tensor 'blk.1.ffn_gate_shexp.weight': [32, 64] values (expected [32, 96]")};
}

}  // namespace assay
