// Files about which one can argue. An empty message: the program takes them, and must stay sound.
#include <cstring>
#include <limits>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/small_file.hpp"
#include "tests/reference-engine/bad_files/spoiled_model.hpp"
#include "tests/reference-engine/seeded_models.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_32 = std::numeric_limits<std::uint32_t>::max();

/// All values of a tensor.
void fill(GgufBuilder& file, const char* tensor, float value) {
  std::string& data = file.tensor(tensor).data;
  for (std::size_t at = 0; at < data.size(); at += sizeof(value)) {
    std::memcpy(data.data() + at, &value, sizeof(value));
  }
}

void set_token(GgufBuilder& file, std::size_t index, const std::string& text) {
  std::vector<std::string> tokens(512, "same");
  tokens[index] = text;
  file.set_texts("tokenizer.ggml.tokens", tokens);
  file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32,
                                 std::vector<std::int32_t>(512, 1));
}

/// Tensors with room between them and behind them.
std::string with_gaps() {
  GgufBuilder file = seeded_model("llama-gqa");
  GgufBuilder spread = file;
  for (GgufBuilder::Tensor& tensor : spread.tensors) tensor.data.resize(tensor.data.size() + 96);
  return spread.build() + std::string(1000, 'x');
}

std::string with_many_tensors() {
  GgufBuilder file = small();
  for (int i = 0; i < 60000; ++i) {
    file.add_f32(std::to_string(i), {1}, std::vector<float>{1.0F});
  }
  return file.build();
}

}  // namespace

std::vector<BadFile> odd_files() {
  constexpr float k_nan = std::numeric_limits<float>::quiet_NaN();
  return {
      bad_model(
          "key_of_other_letters", "llama-gqa", [](GgufBuilder& f) { f.set_u32("sch\xC3\xB6n", 1); },
          "(expected printable ASCII)"),
      bad_model(
          "unused_keys", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("a.b.c.d", std::string(100000, '\xFF')); }, ""),
      {"gaps_and_a_tail", with_gaps, ""},
      bad_model(
          "equal_tokens", "llama-gqa", [](GgufBuilder& f) { set_token(f, 0, "same"); }, ""),
      bad_model(
          "token_of_invalid_utf8", "llama-gqa",
          [](GgufBuilder& f) { set_token(f, 300, "\xC3\x28\xFF"); }, ""),
      bad_model(
          "token_of_no_letters", "llama-gqa", [](GgufBuilder& f) { set_token(f, 300, ""); }, ""),
      bad_model(
          "token_of_1_mib", "llama-gqa",
          [](GgufBuilder& f) { set_token(f, 300, std::string(1U << 20U, 'a')); }, ""),
      bad_model(
          "context_0", "llama-gqa", [](GgufBuilder& f) { f.set_u32("llama.context_length", 0); },
          "llama.context_length: 0"),
      bad_model(
          "context_most", "llama-gqa",
          [](GgufBuilder& f) { f.set_u32("llama.context_length", k_most_32); },
          "llama.context_length: 4294967295"),
      bad_model(
          "rope_base_negative", "llama-gqa",
          [](GgufBuilder& f) { f.set_f32("llama.rope.freq_base", -1.0F); },
          "llama.rope.freq_base: -1"),
      bad_model(
          "epsilon_nan", "llama-gqa",
          [](GgufBuilder& f) { f.set_f32("llama.attention.layer_norm_rms_epsilon", k_nan); },
          "llama.attention.layer_norm_rms_epsilon: nan"),
      // Weights are not read until the model is loaded; what they give is no number.
      bad_model(
          "weights_nan", "llama-gqa", [](GgufBuilder& f) { fill(f, "blk.0.ffn_up.weight", k_nan); },
          ""),
      bad_model(
          "router_nan", "mixtral",
          [](GgufBuilder& f) { fill(f, "blk.0.ffn_gate_inp.weight", k_nan); }, ""),
      bad_model(
          "weights_infinite", "llama-gqa",
          [](GgufBuilder& f) {
            fill(f, "output_norm.weight", std::numeric_limits<float>::infinity());
          },
          ""),
      bad_model(
          "weights_huge", "llama-gqa",
          [](GgufBuilder& f) { fill(f, "token_embd.weight", std::numeric_limits<float>::max()); },
          ""),
      bad_model(
          "weights_zero", "llama-gqa", [](GgufBuilder& f) { fill(f, "token_embd.weight", 0.0F); },
          ""),
      bad_model(
          "template_bomb", "llama-gqa",
          [](GgufBuilder& f) {
            f.set_text("tokenizer.chat_template",
                       "{% for i in range(10**9) %}{% for j in range(10**9) %}x{% endfor "
                       "%}{% endfor %}{{ ''.__class__.__mro__[1].__subclasses__() }}");
          },
          ""),
      bad_model(
          "name_of_escapes", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("general.name", "\x1b]0;owned\x07\x1b[2J"); }, ""),
      bad_model(
          "name_of_16_mib", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("general.name", std::string(16U << 20U, 'n')); }, ""),
      {"60000_tensors", with_many_tensors, "llama.embedding_length: missing"},
      {"no_tensors_no_keys", [] { return GgufBuilder().build(); }, "general.architecture: missing"},
  };
}

}  // namespace assay
