#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/session.hpp"

namespace assay {

/// Text to token ids and back, from the vocabulary of a GGUF file (SentencePiece with
/// scores).
class Tokenizer {
 public:
  /// Whether from() can read this kind of vocabulary. A file of another kind still runs by token
  /// ids.
  static bool supports(const GgufFile& file);
  /// Errors: refused_input for a missing or inconsistent vocabulary, and for a kind that is not
  /// built.
  static Result<Tokenizer> from(const GgufFile& file);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// With the beginning-of-sequence token where the file asks for it.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;
  /// The bytes of one token as they follow `previous` (a leading space after the start token is
  /// dropped).
  [[nodiscard]] std::string decode(TokenId token, TokenId previous) const;
  [[nodiscard]] std::size_t vocabulary() const;
  [[nodiscard]] TokenId start_token() const;
  [[nodiscard]] TokenId end_token() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay
