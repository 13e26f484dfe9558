#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/tokenizer/merge_table.hpp"
#include "reference-engine/tokenizer/pre_tokenizer.hpp"
#include "reference-engine/tokenizer/vocabulary.hpp"

namespace assay {

/// Text to tokens by byte pairs: cut into pieces by the pre-tokenizer, then, piece by piece, joined
/// pair by pair in the order of the merges.
/// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016).
class BytePairs {
 public:
  /// The row for a file's tokenizer.ggml.pre; nothing for a name that is not in the list. Errors:
  /// refused_input for a key of another type.
  static Result<const PreTokenizerRow*> row_of(const GgufFile& file);
  /// Errors: refused_input for an unknown pre-tokenizer (the list is given) and for broken merges.
  static Result<BytePairs> from(const GgufFile& file, const Vocabulary& vocabulary);

  /// Appends the tokens of a text without special tokens. Requires the vocabulary that from() was
  /// given. Time: n log n for n bytes.
  void encode(const Vocabulary& vocabulary, std::string_view text,
              std::vector<TokenId>& tokens) const;
  [[nodiscard]] bool add_start() const { return row_->add_start; }
  /// Whether tokens are UTF-8 with U+2581 for a space, not one letter a byte.
  [[nodiscard]] bool plain_text() const { return row_->plain_text; }

 private:
  BytePairs(const PreTokenizerRow& row, PreTokenizer pre_tokenizer, MergeTable merges);
  /// The token of a whole piece, where the pre-tokenizer asks for such.
  [[nodiscard]] std::optional<TokenId> whole_word(const Vocabulary& vocabulary,
                                                  std::string_view piece) const;
  void append_bytes(const Vocabulary& vocabulary, std::string_view text,
                    std::vector<TokenId>& tokens) const;

  const PreTokenizerRow* row_;
  PreTokenizer pre_tokenizer_;
  MergeTable merges_;
  std::array<std::string, 256> letters_;
  std::array<Symbol, 256> byte_symbols_{};
};

}  // namespace assay
