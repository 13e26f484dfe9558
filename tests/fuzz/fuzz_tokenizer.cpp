#include <algorithm>
#include <optional>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/tokenizer.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/targets.hpp"

namespace assay {

void fuzz_tokenizer(std::string_view input) {
  const MemoryFile content(input);
  const auto file = GgufFile::open(content.path());
  if (!file) return;
  static_cast<void>(Tokenizer::supports(*file));
  const auto tokenizer = Tokenizer::from(*file);
  if (!tokenizer) return;
  constexpr std::size_t k_longest_text = 2000;
  const std::string_view text = input.substr(input.size() - std::min(input.size(), k_longest_text));
  std::optional<TokenId> previous = tokenizer->start_token();
  for (const TokenId token : tokenizer->encode(text)) {
    static_cast<void>(tokenizer->decode(token, previous));
    previous = token;
  }
  constexpr std::size_t k_most_tokens = 1000;
  for (TokenId token = 0; token < std::min(tokenizer->vocabulary(), k_most_tokens); ++token) {
    static_cast<void>(tokenizer->decode(token, tokenizer->end_token()));
  }
}

}  // namespace assay
