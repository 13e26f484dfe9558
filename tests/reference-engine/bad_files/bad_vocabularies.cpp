// Models whose vocabulary is broken.
#include <limits>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/spoiled_model.hpp"

namespace assay {
namespace {

// As the seeded models have them.
constexpr std::size_t k_tokens = 512;

template <typename Number>
void set_all(GgufBuilder& file, const char* key, GgufType type, std::size_t count, Number value) {
  file.set_numbers<Number>(key, type, std::vector<Number>(count, value));
}

/// Texts "0", "1" ... but for one.
std::vector<std::string> tokens_with(std::size_t index, const std::string& text) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < k_tokens; ++i) tokens.push_back(std::to_string(i));
  tokens[index] = text;
  return tokens;
}

void byte_token(GgufBuilder& file, const std::string& text) {
  std::vector<std::int32_t> kinds(k_tokens, 1);
  kinds[7] = 6;
  file.set_texts("tokenizer.ggml.tokens", tokens_with(7, text));
  file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32, kinds);
}

}  // namespace

std::vector<BadFile> bad_vocabularies() {
  return {
      bad_model(
          "tokens_as_one_text", "llama-gqa",
          [](GgufBuilder& f) { f.set_text("tokenizer.ggml.tokens", "all"); },
          "tokenizer.ggml.tokens: string 'all' (expected array of string)"),
      bad_model(
          "tokens_missing", "llama-gqa", [](GgufBuilder& f) { f.remove("tokenizer.ggml.tokens"); },
          "tokenizer.ggml.tokens: missing"),
      bad_model(
          "scores_u8", "llama-gqa",
          [](GgufBuilder& f) {
            set_all<std::uint8_t>(f, "tokenizer.ggml.scores", GgufType::u8, k_tokens, 1);
          },
          "tokenizer.ggml.scores: array of u8 (expected array of f32)"),
      bad_model(
          "scores_too_few", "llama-gqa",
          [](GgufBuilder& f) {
            set_all<float>(f, "tokenizer.ggml.scores", GgufType::f32, k_tokens - 1, 1);
          },
          "tokenizer.ggml.scores: 511 elements (expected 512"),
      bad_model(
          "scores_nan", "llama-gqa",
          [](GgufBuilder& f) {
            set_all<float>(f, "tokenizer.ggml.scores", GgufType::f32, k_tokens,
                           std::numeric_limits<float>::quiet_NaN());
          },
          "tokenizer.ggml.scores: element 0 is nan"),
      bad_model(
          "kinds_u8", "llama-gqa",
          [](GgufBuilder& f) {
            set_all<std::uint8_t>(f, "tokenizer.ggml.token_type", GgufType::u8, k_tokens, 1);
          },
          "tokenizer.ggml.token_type: array of u8 (expected array of i32)"),
      bad_model(
          "kinds_too_many", "llama-gqa",
          [](GgufBuilder& f) {
            set_all<std::int32_t>(f, "tokenizer.ggml.token_type", GgufType::i32, k_tokens + 1, 1);
          },
          "tokenizer.ggml.token_type: 513 elements (expected 512"),
      bad_model(
          "kind_99", "llama-gqa",
          [](GgufBuilder& f) {
            set_all<std::int32_t>(f, "tokenizer.ggml.token_type", GgufType::i32, k_tokens, 99);
          },
          "tokenizer.ggml.token_type: element 0 is 99 (expected 1 to 6)"),
      bad_model(
          "start_out_of_range", "llama-gqa",
          [](GgufBuilder& f) { f.set_u32("tokenizer.ggml.bos_token_id", k_tokens); },
          "tokenizer.ggml.bos_token_id: 512 (expected one of the 512 tokens)"),
      bad_model(
          "end_out_of_range", "llama-gqa",
          [](GgufBuilder& f) {
            f.set_u32("tokenizer.ggml.eos_token_id", std::numeric_limits<std::uint32_t>::max());
          },
          "tokenizer.ggml.eos_token_id: 4294967295 (expected one of"),
      bad_model(
          "start_negative", "llama-gqa",
          [](GgufBuilder& f) {
            f.set<std::int32_t>("tokenizer.ggml.bos_token_id", GgufType::i32, -1);
          },
          "tokenizer.ggml.bos_token_id: i32 -1 (expected a non-negative integer)"),
      bad_model(
          "add_start_as_number", "llama-gqa",
          [](GgufBuilder& f) { f.set_u32("tokenizer.ggml.add_bos_token", 1); },
          "tokenizer.ggml.add_bos_token: u32 (expected bool)"),
      bad_model(
          "byte_minus_1", "llama-gqa", [](GgufBuilder& f) { byte_token(f, "<0x-1>"); },
          "tokenizer.ggml.tokens: byte token 7 is '<0x-1>'"),
      bad_model(
          "byte_256", "llama-gqa", [](GgufBuilder& f) { byte_token(f, "<0x100>"); },
          "tokenizer.ggml.tokens: byte token 7 is '<0x100>'"),
      bad_model(
          "byte_empty", "llama-gqa", [](GgufBuilder& f) { byte_token(f, ""); },
          "tokenizer.ggml.tokens: byte token 7 is ''"),
  };
}

}  // namespace assay
