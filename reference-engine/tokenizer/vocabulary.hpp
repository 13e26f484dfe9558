#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/tokenizer/text_table.hpp"

namespace assay {

/// How a vocabulary was made; the names are those of tokenizer.ggml.model.
enum class VocabularyKind {
  sentence_pieces,  // "llama": pieces of text, joined by score
  byte_pairs,       // "gpt2", "gemma4": pairs of pieces, joined in the order of a list
};

/// What a token is for; the numbers are those of the file format.
enum class TokenKind : std::uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

/// The checked tokens of a file.
class Vocabulary {
 public:
  /// Nothing for a kind that is not built. Errors: refused_input for a missing or mistyped key.
  static Result<std::optional<VocabularyKind>> kind_of(const GgufFile& file);
  /// Errors: refused_input that names the array or key at fault.
  static Result<Vocabulary> from(const GgufFile& file);

  [[nodiscard]] VocabularyKind made_of() const { return made_of_; }
  [[nodiscard]] std::size_t size() const { return kinds_.size(); }
  [[nodiscard]] std::string_view text(TokenId token) const { return texts_.text(token); }
  [[nodiscard]] float score(TokenId token) const { return scores_[token]; }
  [[nodiscard]] TokenKind kind(TokenId token) const { return kinds_[token]; }
  /// Whether text can contain the token: normal and user-defined ones only, so that a prompt cannot
  /// spell a control token.
  [[nodiscard]] bool can_be_spelled(TokenId token) const {
    return kind(token) == TokenKind::normal || kind(token) == TokenKind::user_defined;
  }
  /// The first token of exactly this text that text can contain.
  [[nodiscard]] std::optional<TokenId> find(std::string_view text) const;
  /// The same among all tokens; those that text can contain come first.
  [[nodiscard]] std::optional<TokenId> find_any(std::string_view text) const {
    return texts_.find(text);
  }
  /// Longest text of a token, in bytes.
  [[nodiscard]] std::size_t longest() const { return texts_.longest(); }
  /// The token of a single byte, or the unknown token; nothing where there is neither.
  [[nodiscard]] std::optional<TokenId> byte_token(std::uint8_t byte) const {
    return byte_tokens_[byte] ? byte_tokens_[byte] : unknown_;
  }
  /// The byte that a token of kind byte stands for. Requires that kind.
  [[nodiscard]] std::uint8_t byte_value(TokenId token) const;

  [[nodiscard]] std::optional<TokenId> start() const { return start_; }
  [[nodiscard]] std::optional<TokenId> end() const { return end_; }
  /// Whether the token ends a text: the file's end tokens, and those known by their texts.
  [[nodiscard]] bool ends(TokenId token) const;
  /// What the file says, if it does.
  [[nodiscard]] std::optional<bool> add_start() const { return add_start_; }
  [[nodiscard]] bool add_end() const { return add_end_; }
  [[nodiscard]] bool add_space_prefix() const { return add_space_prefix_; }

 private:
  Vocabulary() = default;
  Result<void> read_tokens(const GgufFile& file);
  Result<void> read_scores(const GgufFile& file);
  Result<void> read_kinds(const GgufFile& file);
  Result<void> read_special_tokens(const GgufFile& file);
  Result<void> read_flags(const GgufFile& file);
  Result<void> read_byte_tokens(const GgufFile& file);
  void apply_known_texts();
  void index_texts();

  VocabularyKind made_of_ = VocabularyKind::sentence_pieces;
  TextTable texts_;
  std::vector<float> scores_;  // of sentence pieces
  std::vector<TokenKind> kinds_;
  std::array<std::optional<TokenId>, 256> byte_tokens_{};
  std::vector<TokenId> ends_;  // sorted
  std::optional<TokenId> unknown_;
  std::optional<TokenId> start_;
  std::optional<TokenId> end_;
  std::optional<bool> add_start_;
  bool add_end_ = false;
  bool add_space_prefix_ = true;
};

}  // namespace assay
