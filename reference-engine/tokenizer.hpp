#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/session.hpp"

namespace assay {

/// How text becomes tokens.
struct EncodeOptions {
  /// Control tokens written in the text ("<|im_end|>") are taken for such; otherwise they are text
  /// like any other. User-defined tokens are found in either case.
  bool control_tokens = false;
  /// The start and end tokens where the file asks for them.
  bool start_and_end = true;
};

/// Text to token ids and back, from the vocabulary of a GGUF file: SentencePiece with scores, or
/// byte pairs with merges and one of the known pre-tokenizers.
class Tokenizer {
 public:
  /// Whether from() can read this kind of vocabulary. A file of another kind still runs by token
  /// ids.
  static bool supports(const GgufFile& file);
  /// Errors: refused_input for a missing or inconsistent vocabulary, and for a kind or a
  /// pre-tokenizer that is not built (those that are built are named).
  static Result<Tokenizer> from(const GgufFile& file);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Any bytes: what is not UTF-8 becomes byte tokens or U+FFFD, as the kind has it. Time: n log n
  /// for n bytes.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text,
                                            EncodeOptions options = {}) const;
  /// The bytes of one token as they follow `previous` (a leading space after the start token is
  /// dropped); part of a character perhaps. Control tokens have none unless `control_tokens`.
  [[nodiscard]] std::string decode(TokenId token, std::optional<TokenId> previous,
                                   bool control_tokens = false) const;
  [[nodiscard]] std::size_t vocabulary() const;
  /// Nothing for a vocabulary that has none.
  [[nodiscard]] std::optional<TokenId> start_token() const;
  [[nodiscard]] std::optional<TokenId> end_token() const;
  /// Whether a text ends with this token: the end token, and those of turns and messages.
  [[nodiscard]] bool ends_text(TokenId token) const;
  /// What the user should know about this vocabulary; empty when all is well.
  [[nodiscard]] const std::string& note() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Text that arrives token by token, in whole characters: bytes that may become a character are
/// kept until they are one, and those that cannot become U+FFFD.
class TextStream {
 public:
  /// The tokenizer must outlive the stream. `previous`: the token before the first one.
  TextStream(const Tokenizer& tokenizer, std::optional<TokenId> previous,
             bool control_tokens = false)
      : tokenizer_(&tokenizer), previous_(previous), control_tokens_(control_tokens) {}
  /// The characters that are whole with this token; always well-formed UTF-8.
  std::string add(TokenId token);
  /// What is left at the end of the text.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  std::optional<TokenId> previous_;
  bool control_tokens_;
  std::string kept_;  // the start of a character, at most 3 bytes
};

}  // namespace assay
