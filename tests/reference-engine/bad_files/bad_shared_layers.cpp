// Layers that look at the keys and values of others, heads of their own size, inputs of layers.
#include <limits>
#include <vector>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/spoiled_model.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most = std::numeric_limits<std::uint32_t>::max();

void set_sizes(GgufBuilder& file, const char* key, const std::vector<std::int32_t>& sizes) {
  file.set_numbers<std::int32_t>(key, GgufType::i32, sizes);
}

void set_windows(GgufBuilder& file, const std::vector<std::uint8_t>& flags) {
  file.set_numbers<std::uint8_t>("gemma4.attention.sliding_window_pattern", GgufType::boolean,
                                 flags);
}

}  // namespace

std::vector<BadFile> bad_shared_caches() {
  constexpr const char* k_key = "gemma4.attention.shared_kv_layers";
  return {bad_model(
              "all", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, 6); },
              "gemma4.attention.shared_kv_layers: 6 (expected less than the 6 of block_count)"),
          bad_model(
              "most", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, k_most); },
              "gemma4.attention.shared_kv_layers: 4294967295 (expected less than"),
          bad_model(
              "negative", "gemma4",
              [](GgufBuilder& f) { f.set<std::int32_t>(k_key, GgufType::i32, -1); },
              "gemma4.attention.shared_kv_layers: i32 -1"),
          bad_model(
              "none_of_the_kind", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, 4); },
              "gemma4.attention.shared_kv_layers: 4 (expected a layer with the window of layer 2"),
          bad_model(
              "two", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, 2); },
              "tensor 'blk.3.attn_k.weight': missing"),
          bad_model(
              "other_heads", "gemma4",
              [](GgufBuilder& f) {
                set_sizes(f, "gemma4.attention.head_count_kv", {2, 2, 2, 2, 4, 2});
              },
              "gemma4.attention.shared_kv_layers: layer 4 looks at layer 1"),
          bad_model(
              "half_of_the_idle", "gemma4",
              [](GgufBuilder& f) {
                f.add_f32("blk.4.attn_k.weight", {64, 32}, std::vector<float>(2048, 0.1F));
              },
              "tensor 'blk.3.attn_k.weight': missing"),
          bad_model(
              "fused", "gemma4",
              [](GgufBuilder& f) {
                f.remove("blk.0.attn_q.weight");
                f.add_f32("blk.0.attn_qkv.weight", {64, 128}, std::vector<float>(8192, 0.1F));
              },
              "gemma4.attention.shared_kv_layers: layers without keys or values of their own")};
}

std::vector<BadFile> bad_windowed_heads() {
  return {
      bad_model(
          "values", "gemma4",
          [](GgufBuilder& f) { f.set_u32("gemma4.attention.value_length_swa", 32); },
          "gemma4.attention.value_length_swa: 32 (expected the 16 of attention.key_length_swa)"),
      bad_model(
          "zero", "gemma4",
          [](GgufBuilder& f) {
            f.set_u32("gemma4.attention.key_length_swa", 0);
            f.set_u32("gemma4.attention.value_length_swa", 0);
          },
          "gemma4.attention.key_length: 0"),
      bad_model(
          "most", "gemma4",
          [](GgufBuilder& f) {
            f.set_u32("gemma4.attention.key_length_swa", k_most);
            f.set_u32("gemma4.attention.value_length_swa", k_most);
          },
          "gemma4.attention.key_length: 4294967295 (expected 1 to 4096)"),
      bad_model(
          "rotation", "gemma4",
          [](GgufBuilder& f) { f.set_u32("gemma4.rope.dimension_count_swa", 18); },
          "gemma4.rope.dimension_count: 18 (expected an even number, at most the 16"),
      bad_model(
          "rotation_most", "gemma4",
          [](GgufBuilder& f) { f.set_u32("gemma4.rope.dimension_count_swa", k_most); },
          "gemma4.rope.dimension_count: 4294967295"),
      bad_model(
          "no_pattern", "gemma4",
          [](GgufBuilder& f) { f.remove("gemma4.attention.sliding_window_pattern"); },
          "gemma4.attention.sliding_window_pattern: missing"),
      bad_model(
          "short_pattern", "gemma4", [](GgufBuilder& f) { set_windows(f, {1, 1, 0}); },
          "gemma4.attention.sliding_window_pattern: 3 flags (expected one for each of 6 layers)"),
      bad_model(
          "other_pattern", "gemma4", [](GgufBuilder& f) { set_windows(f, {1, 0, 0, 1, 1, 0}); },
          "tensor 'blk.1.attn_q.weight': [64, 64] values (expected [64, 128]"),
      bad_model(
          "no_window", "gemma4",
          [](GgufBuilder& f) { f.remove("gemma4.attention.sliding_window"); },
          "gemma4.attention.sliding_window: missing")};
}

std::vector<BadFile> bad_layer_inputs() {
  constexpr const char* k_key = "gemma4.embedding_length_per_layer_input";
  constexpr const char* k_ffn = "gemma4.feed_forward_length";
  return {
      bad_model(
          "none", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, 0); },
          "tensor 'per_layer_token_embd.weight': has no place"),
      bad_model(
          "narrow", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, 16); },
          "tensor 'per_layer_token_embd.weight': [192, 512] values (expected [96, 512]"),
      bad_model(
          "most", "gemma4", [](GgufBuilder& f) { f.set_u32(k_key, k_most); },
          "gemma4.embedding_length_per_layer_input: 4294967295 (expected 0 to 16384)"),
      bad_model(
          "of_another", "gemma3",
          [](GgufBuilder& f) { f.set_u32("gemma3.embedding_length_per_layer_input", 32); },
          "gemma3.embedding_length_per_layer_input: present (expected only keys"),
      bad_model(
          "no_gate", "gemma4", [](GgufBuilder& f) { f.remove("blk.2.inp_gate.weight"); },
          "tensor 'blk.2.inp_gate.weight': missing"),
      bad_model(
          "no_scale", "gemma4", [](GgufBuilder& f) { f.remove("blk.2.layer_output_scale.weight"); },
          "tensor 'blk.2.layer_output_scale.weight': missing"),
      bad_model(
          "widths", "gemma4", [](GgufBuilder& f) { set_sizes(f, k_ffn, {64, 64, 64}); },
          "gemma4.feed_forward_length: 3 sizes (expected 6)"),
      bad_model(
          "width_negative", "gemma4",
          [](GgufBuilder& f) { set_sizes(f, k_ffn, {64, 64, -1, 128, 128, 128}); },
          "gemma4.feed_forward_length: 4294967295 (expected 1 to"),
      bad_model(
          "beside_differs", "gemma4-moe", [](GgufBuilder& f) { set_sizes(f, k_ffn, {64, 64, 32}); },
          "gemma4.feed_forward_length: 32 in layer 2 (expected the 64 of the others)"),
      bad_model(
          "nothing_beside", "gemma4-moe", [](GgufBuilder& f) { f.set_u32(k_ffn, 0); },
          "gemma4.feed_forward_length: 0 (expected a dense layer beside the experts)"),
      bad_model(
          "no_expert_scale", "gemma4-moe",
          [](GgufBuilder& f) { f.remove("blk.1.ffn_down_exps.scale"); },
          "tensor 'blk.1.ffn_down_exps.scale': missing")};
}

}  // namespace assay
