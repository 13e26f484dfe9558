#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/tokenizer/pattern.hpp"

namespace assay {

/// A way to cut text into the pieces inside which tokens are joined, and what goes with its name in
/// the files. What a name means is what llama.cpp makes of it.
struct PreTokenizerRow {
  std::string_view names;  // of tokenizer.ggml.pre, separated by spaces
  /// Each cuts the pieces of the one before: what it matches is a piece, and what lies between. Or
  /// k_groups_of_three.
  std::array<std::string_view, 6> stages;
  bool whole_words = false;     // a piece that is a token is not put together from its bytes
  bool add_start = false;       // where the file does not say
  bool plain_text = false;      // tokens are UTF-8 with U+2581 for a space, not one letter a byte
  bool whole_newlines = false;  // like whole_words, for pieces of newlines only
};

/// In place of a pattern: digits in groups of three counted from the last one.
constexpr std::string_view k_groups_of_three = "groups of three";
/// The name that stands for a missing one.
constexpr std::string_view k_default_pre_tokenizer = "default";

/// Nothing for a name that is not in the list.
const PreTokenizerRow* find_pre_tokenizer(std::string_view name);
/// All names, for a message.
std::string pre_tokenizer_names();

/// The compiled stages of a row.
class PreTokenizer {
 public:
  /// Errors: refused_input where a pattern of the row is wrong.
  static Result<PreTokenizer> from(const PreTokenizerRow& row);
  /// Lengths in bytes of the pieces of a well-formed text; they add up to the text.
  [[nodiscard]] std::vector<std::size_t> split(std::string_view text) const;

 private:
  struct Stage {
    std::vector<Pattern> pattern;  // one, or none for groups of three
  };
  std::vector<Stage> stages_;
};

}  // namespace assay
