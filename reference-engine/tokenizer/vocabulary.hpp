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

namespace assay {

/// What a token is for; the numbers are those of the file format.
enum class TokenKind : std::uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

/// The checked vocabulary of a SentencePiece model.
class Vocabulary {
 public:
  /// Whether the file's vocabulary is of the kind that this class reads.
  static bool supports(const GgufFile& file);
  /// Errors: refused_input that names the array or key at fault.
  static Result<Vocabulary> from(const GgufFile& file);

  [[nodiscard]] std::size_t size() const { return kinds_.size(); }
  [[nodiscard]] std::string_view text(TokenId token) const;
  [[nodiscard]] float score(TokenId token) const { return scores_[token]; }
  [[nodiscard]] TokenKind kind(TokenId token) const { return kinds_[token]; }
  /// The token of exactly this text that text can contain: normal and user-defined ones only, so
  /// that a prompt cannot spell a control token.
  [[nodiscard]] std::optional<TokenId> find(std::string_view text) const;
  /// The token of a single byte, or the unknown token.
  [[nodiscard]] TokenId byte_token(std::uint8_t byte) const { return byte_tokens_[byte]; }
  /// The byte that a token of kind byte stands for. Requires that kind.
  [[nodiscard]] std::uint8_t byte_value(TokenId token) const;

  [[nodiscard]] TokenId start() const { return start_; }
  [[nodiscard]] TokenId end() const { return end_; }
  [[nodiscard]] bool add_start() const { return add_start_; }
  [[nodiscard]] bool add_space_prefix() const { return add_space_prefix_; }

 private:
  Vocabulary() = default;
  Result<void> read_tokens(const GgufFile& file);
  Result<void> read_scores(const GgufFile& file);
  Result<void> read_kinds(const GgufFile& file);
  Result<void> read_special_tokens(const GgufFile& file);
  Result<void> read_byte_tokens(const GgufFile& file);
  void sort_by_text();

  std::string texts_;
  std::vector<std::uint32_t> ends_;  // where each text ends in texts_
  std::vector<float> scores_;
  std::vector<TokenKind> kinds_;
  std::vector<TokenId> by_text_;  // tokens that find() gives, sorted by text
  std::array<TokenId, 256> byte_tokens_{};
  TokenId unknown_ = 0;
  TokenId start_ = 0;
  TokenId end_ = 0;
  bool add_start_ = true;
  bool add_space_prefix_ = true;
};

}  // namespace assay
