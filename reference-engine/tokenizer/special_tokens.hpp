#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/tokenizer/vocabulary.hpp"

namespace assay {

/// A token that stands in a text as it is, or the text between two of them.
struct Fragment {
  std::string_view text;
  std::optional<TokenId> token;
};

/// Finds in a text the tokens that are not put together from pieces: user-defined ones always,
/// control tokens when they are asked for. The longest come first, wherever they stand; of equally
/// long ones that overlap, the leftmost.
class SpecialTokens {
 public:
  /// Errors: refused_input for more different lengths of such tokens than any file needs.
  static Result<SpecialTokens> from(const GgufFile& file, const Vocabulary& vocabulary);
  /// The fragments of a text, none of them empty. Requires the vocabulary that from() was given.
  /// Time: the length of the text for each length of a token at most.
  [[nodiscard]] std::vector<Fragment> split(const Vocabulary& vocabulary, std::string_view text,
                                            bool control_tokens) const;

 private:
  struct Length {
    std::size_t bytes;
    std::array<std::bitset<256>, 2> first_bytes;  // without control tokens, and with them
    std::unordered_map<std::uint64_t, std::vector<TokenId>> by_hash;
  };
  struct Place {
    std::size_t begin;
    std::size_t next;  // where the text goes on
    TokenId token;
  };
  struct Places {
    std::vector<Place> tokens;
    std::vector<bool> taken;
  };
  void place(const Vocabulary& vocabulary, const Length& length, std::string_view text,
             const std::vector<std::uint64_t>& hashes, bool control_tokens, Places& places) const;
  [[nodiscard]] std::optional<TokenId> token_at(const Vocabulary& vocabulary, const Length& length,
                                                std::string_view candidate, std::uint64_t hash,
                                                bool control_tokens) const;

  std::vector<Length> lengths_;  // the longest first
  bool drops_space_after_ = false;
};

}  // namespace assay
