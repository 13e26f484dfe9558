// Headers that are well formed, of models that cannot be.
#include <limits>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/spoiled_model.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::vector<BadFile> bad_architectures() {
  return {
      bad_model(
          "missing", "llama-gqa", [](GgufBuilder& f) { f.remove("general.architecture"); },
          "general.architecture: missing"),
      bad_model(
          "number", "llama-gqa", [](GgufBuilder& f) { f.set_u32("general.architecture", 1); },
          "general.architecture: u32 (expected string)"),
      bad_model(
          "unknown", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("general.architecture", "unheard-of"); },
          "general.architecture: 'unheard-of' is not supported (expected llama, "),
      bad_model(
          "of_8_mib", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("general.architecture", std::string(8U << 20U, 'x')); },
          "general.architecture: 'xxxxxxxx"),
      bad_model(
          "format_string", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("general.architecture", "%s%n{}{0}"); },
          "general.architecture: '%s%n{}{0}' is not supported"),
      bad_model(
          "path", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("general.architecture", "../../etc/passwd"); },
          "general.architecture: '../../etc/passwd' is not supported"),
      bad_model(
          "no_keys", "llama-gqa", [](GgufBuilder& f) { f.keys.clear(); },
          "general.architecture: missing"),
      bad_model(
          "no_tensors", "llama-gqa", [](GgufBuilder& f) { f.tensors.clear(); }, "tensor count: 0"),
      bad_model(
          "split", "llama-gqa",
          [](GgufBuilder& f) { f.set<std::uint16_t>("split.count", GgufType::u16, 3); },
          "split.count: one of 3 parts")};
}

std::vector<BadFile> bad_sizes() {
  return {
      bad_model(
          "no_layers", "llama-gqa", [](GgufBuilder& f) { f.remove("llama.block_count"); },
          "llama.block_count: missing"),
      bad_model(
          "layers_0", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 0); },
          "llama.block_count: 0 (expected 1 to 512)"),
      bad_model(
          "layers_3", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 3); },
          "tensor 'blk.2.attn_norm.weight': missing"),
      bad_model(
          "layers_1", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 1); },
          "tensor 'blk.1.attn_norm.weight': has no place in a model of 1 layers"),
      bad_model(
          "layers_1e5", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.block_count", 100000); },
          "llama.block_count: 100000 (expected 1 to 512)"),
      bad_model(
          "layers_most", "llama-gqa",
          [](GgufBuilder& f) { f.set_u32("llama.block_count", k_most); },
          "llama.block_count: 4294967295 (expected 1 to 512)"),
      bad_model(
          "layers_text", "llama-gqa", [](GgufBuilder& f) { f.set_text("llama.block_count", "2"); },
          "llama.block_count: string '2' (expected a non-negative integer)"),
      bad_model(
          "layers_negative", "llama-gqa",
          [](GgufBuilder& f) { f.set<std::int32_t>("llama.block_count", GgufType::i32, -2); },
          "llama.block_count: i32 -2 (expected a non-negative integer)"),
      bad_model(
          "layers_64_bit", "llama-gqa",
          [](GgufBuilder& f) {
            f.set<std::uint64_t>("llama.block_count", GgufType::u64, (std::uint64_t{1} << 32U) + 2);
          },
          "llama.block_count: 4294967298 (expected a 32-bit number)"),
      bad_model(
          "embedding", "llama-gqa",
          [](GgufBuilder& f) { f.set_u32("llama.embedding_length", 128); },
          "tensor 'token_embd.weight': [64, 512] values (expected [128, 512]"),
      bad_model(
          "ffn", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.feed_forward_length", 256); },
          "tensor 'blk.0.ffn_gate.weight': [64, 128] values (expected [64, 256]"),
      bad_model(
          "ffn_0", "llama-gqa", [](GgufBuilder& f) { f.remove("llama.feed_forward_length"); },
          "llama.feed_forward_length: 0"),
      bad_model(
          "context_0", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.context_length", 0); },
          "llama.context_length: 0"),
      bad_model(
          "tokens", "llama-gqa",
          [](GgufBuilder& f) {
            f.set_texts("tokenizer.ggml.tokens", std::vector<std::string>(511, "x"));
          },
          "tokenizer.ggml.tokens: 511 tokens (expected the 512 rows"),
      bad_model(
          "tokens_as_numbers", "llama-gqa",
          [](GgufBuilder& f) {
            f.set_numbers<std::int32_t>("tokenizer.ggml.tokens", GgufType::i32,
                                        std::vector<std::int32_t>(512));
          },
          "tokenizer.ggml.tokens: array of i32 (expected array of string)"),
      bad_model(
          "vocabulary", "llama-gqa",
          [](GgufBuilder& f) {
            f.remove("tokenizer.ggml.tokens");
            f.set_u32("llama.vocab_size", 513);
          },
          "llama.vocab_size: 513 (expected the 512 rows")};
}

std::vector<BadFile> bad_attention() {
  return {bad_model(
              "heads_0", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.head_count", 0); },
              "llama.attention.head_count: 0"),
          bad_model(
              "heads_3", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.head_count", 3); },
              "llama.attention.head_count_kv: 2 (expected a divisor of attention.head_count"),
          bad_model(
              "heads_3_without_length", "llama-gqa",
              [](GgufBuilder& f) {
                f.set_u32("llama.attention.head_count", 3);
                f.remove("llama.attention.key_length");
              },
              "llama.attention.head_count: 3 (expected a divisor of embedding_length = 64)"),
          bad_model(
              "heads_most", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.head_count", k_most); },
              "llama.attention.head_count: 4294967295 (expected 1 to 4096)"),
          bad_model(
              "kv_heads_0", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.head_count_kv", 0); },
              "llama.attention.head_count_kv: 0"),
          bad_model(
              "kv_heads_3", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.head_count_kv", 3); },
              "llama.attention.head_count_kv: 3 (expected a divisor"),
          bad_model(
              "kv_heads_8_of_4", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.head_count_kv", 8); },
              "llama.attention.head_count_kv: 8 (expected a divisor"),
          bad_model(
              "kv_heads_of_3_layers", "llama-gqa",
              [](GgufBuilder& f) {
                f.set_numbers<std::int32_t>("llama.attention.head_count_kv", GgufType::i32,
                                            std::vector<std::int32_t>{2, 2, 2});
              },
              "llama.attention.head_count_kv: 3 sizes (expected 2)"),
          bad_model(
              "kv_heads_negative", "llama-gqa",
              [](GgufBuilder& f) {
                f.set_numbers<std::int32_t>("llama.attention.head_count_kv", GgufType::i32,
                                            std::vector<std::int32_t>{2, -1});
              },
              "llama.attention.head_count_kv: "),
          bad_model(
              "kv_heads_as_texts", "llama-gqa",
              [](GgufBuilder& f) {
                f.set_texts("llama.attention.head_count_kv", std::vector<std::string>{"2", "2"});
              },
              "llama.attention.head_count_kv: "),
          bad_model(
              "value_length", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.attention.value_length", 8); },
              "llama.attention.value_length: 8"),
          bad_model(
              "rope_1e6", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.rope.dimension_count", 1000000); },
              "llama.rope.dimension_count: 1000000"),
          bad_model(
              "rope_odd", "llama-gqa",
              [](GgufBuilder& f) { f.set_u32("llama.rope.dimension_count", 15); },
              "llama.rope.dimension_count: 15 (expected an even number"),
          bad_model(
              "rope_base_nan", "llama-gqa",
              [](GgufBuilder& f) {
                f.set_f32("llama.rope.freq_base", std::numeric_limits<float>::quiet_NaN());
              },
              "llama.rope.freq_base: nan"),
          bad_model(
              "epsilon", "llama-gqa",
              [](GgufBuilder& f) { f.set_f32("llama.attention.layer_norm_rms_epsilon", -1.0F); },
              "llama.attention.layer_norm_rms_epsilon: -1"),
          bad_model(
              "yarn_without_context", "llama-yarn-rope",
              [](GgufBuilder& f) { f.remove("llama.rope.scaling.original_context_length"); },
              "llama.rope.scaling.original_context_length: missing"),
          bad_model(
              "scaling_factor_0", "llama-linear-rope",
              [](GgufBuilder& f) { f.set_f32("llama.rope.scaling.factor", 0.0F); },
              "llama.rope.scaling.factor: 0"),
          bad_model(
              "scaling_unknown", "llama-linear-rope",
              [](GgufBuilder& f) { f.set_text("llama.rope.scaling.type", "ntk"); },
              "llama.rope.scaling.type: 'ntk' (expected none, linear, yarn or longrope)")};
}

std::vector<BadFile> bad_experts() {
  return {
      bad_model(
          "used_0", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_used_count", 0); },
          "llama.expert_used_count: 0 (expected 1 to the 4"),
      bad_model(
          "used_8_of_4", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_used_count", 8); },
          "llama.expert_used_count: 8 (expected 1 to the 4"),
      bad_model(
          "used_missing", "mixtral", [](GgufBuilder& f) { f.remove("llama.expert_used_count"); },
          "llama.expert_used_count: missing"),
      bad_model(
          "16_of_4", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_count", 16); },
          "tensor 'blk.0.ffn_gate_inp.weight': [64, 4] values (expected [64, 16]"),
      bad_model(
          "most", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_count", k_most); },
          "llama.expert_count: 4294967295 (expected at most 1024)"),
      bad_model(
          "one", "mixtral", [](GgufBuilder& f) { f.set_u32("llama.expert_count", 1); },
          "llama.expert_count: 1 (expected at least 2)"),
      bad_model(
          "none_in_olmoe", "olmoe", [](GgufBuilder& f) { f.set_u32("olmoe.expert_count", 0); },
          "olmoe.expert_count: 0 (expected at least 2)"),
      bad_model(
          "some_in_qwen2", "qwen2", [](GgufBuilder& f) { f.set_u32("qwen2.expert_count", 8); },
          "qwen2.expert_count: 8 (expected none")};
}

std::vector<BadFile> bad_model_tensors() {
  return {
      bad_model(
          "missing", "llama-gqa", [](GgufBuilder& f) { f.remove("blk.1.ffn_up.weight"); },
          "tensor 'blk.1.ffn_up.weight': missing (expected [64, 128] values)"),
      bad_model(
          "no_embedding", "llama-gqa", [](GgufBuilder& f) { f.remove("token_embd.weight"); },
          "tensor 'token_embd.weight': missing"),
      bad_model(
          "no_bias", "qwen2", [](GgufBuilder& f) { f.remove("blk.1.attn_k.bias"); },
          "tensor 'blk.1.attn_k.bias': missing"),
      bad_model(
          "transposed", "llama-gqa",
          [](GgufBuilder& f) { f.tensor("blk.0.ffn_up.weight").dims = {128, 64}; },
          "tensor 'blk.0.ffn_up.weight': [128, 64] values (expected [64, 128]"),
      bad_model(
          "flat", "llama-gqa",
          [](GgufBuilder& f) { f.tensor("blk.0.ffn_up.weight").dims = {8192}; },
          "tensor 'blk.0.ffn_up.weight': [8192] values (expected [64, 128]"),
      bad_model(
          "integers", "llama-gqa",
          [](GgufBuilder& f) { f.tensor("blk.0.ffn_up.weight").format = 26; },
          "tensor 'blk.0.ffn_up.weight': I32 (expected a format of weights)"),
      bad_model(
          "quantised_norm", "llama-gqa",
          [](GgufBuilder& f) {
            f.tensor("blk.0.attn_norm.weight").format = 2;
            f.tensor("blk.0.attn_norm.weight").data.resize(36);
          },
          "tensor 'blk.0.attn_norm.weight': Q4_0 (expected F32)"),
      bad_model(
          "of_8_gib_in_a_sparse_file", "llama-gqa",
          [](GgufBuilder& f) {
            f.tensor("token_embd.weight").dims = {64, std::uint64_t{1} << 25U};
          },
          "tensor 'token_embd.weight'", std::uint64_t{9} << 30U),
      bad_model(
          "unknown", "llama-gqa",
          [](GgufBuilder& f) { f.add_f32("blk.0.ffn_extra.bias", {64}, std::vector<float>(64)); },
          "tensor 'blk.0.ffn_extra.bias': has no place in a model"),
      bad_model(
          "rope_factors", "llama-tied-ropefreqs",
          [](GgufBuilder& f) { f.tensor("rope_freqs.weight").dims = {4, 2}; },
          "tensor 'rope_freqs.weight': [4, 2] values (expected [8]")};
}

}  // namespace assay
