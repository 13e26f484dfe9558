#include "reference-engine/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference-engine/tokenizer/byte_letters.hpp"
#include "reference-engine/tokenizer/byte_pairs.hpp"
#include "reference-engine/tokenizer/escaped_space.hpp"
#include "reference-engine/tokenizer/sentence_pieces.hpp"
#include "reference-engine/tokenizer/special_tokens.hpp"
#include "reference-engine/tokenizer/utf8.hpp"
#include "reference-engine/tokenizer/vocabulary.hpp"

namespace assay {
namespace {

/// The bytes that a text of letters stands for; a letter that stands for none is kept as it is.
std::string bytes_of_letters(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(1, well_formed_length(text));
    const std::string_view letter = text.substr(0, length);
    const auto byte = byte_of_letter(code_point_of(letter));
    if (byte && well_formed_length(letter) != 0) {
      bytes += static_cast<char>(*byte);
    } else {
      bytes += letter;
    }
    text.remove_prefix(length);
  }
  return bytes;
}

}  // namespace

struct Tokenizer::State {
  Vocabulary vocabulary;
  SpecialTokens special_tokens;
  std::optional<BytePairs> byte_pairs;  // absent for sentence pieces
  std::string note;

  [[nodiscard]] bool add_start() const {
    const bool usual = byte_pairs && byte_pairs->add_start();
    return vocabulary.start() && vocabulary.add_start().value_or(usual);
  }
  [[nodiscard]] std::string normal_text(std::string_view text) const {
    if (byte_pairs && !byte_pairs->plain_text()) return bytes_of_letters(text);
    return unescape_spaces(text);
  }
};

bool Tokenizer::supports(const GgufFile& file) {
  const auto kind = Vocabulary::kind_of(file);
  if (!kind || !*kind) return false;
  if (**kind != VocabularyKind::byte_pairs) return true;
  const auto row = BytePairs::row_of(file);
  return !row || *row != nullptr;  // a mistyped key is for from() to refuse
}

Result<Tokenizer> Tokenizer::from(const GgufFile& file) {
  auto vocabulary = Vocabulary::from(file);
  if (!vocabulary) return pass_on(vocabulary);
  auto special_tokens = SpecialTokens::from(file, *vocabulary);
  if (!special_tokens) return pass_on(special_tokens);
  std::optional<BytePairs> byte_pairs;
  std::string note;
  if (vocabulary->made_of() == VocabularyKind::byte_pairs) {
    auto read = BytePairs::from(file, *vocabulary);
    if (!read) return pass_on(read);
    byte_pairs = std::move(*read);
    if (!byte_pairs->plain_text() && !file.has("tokenizer.ggml.pre")) {
      note =
          "tokenizer.ggml.pre is missing: text is cut as by 'default', which may not be how "
          "this model was trained";
    }
  }
  return Tokenizer(std::make_unique<State>(State{std::move(*vocabulary), std::move(*special_tokens),
                                                 std::move(byte_pairs), std::move(note)}));
}

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  const Vocabulary& vocabulary = state_->vocabulary;
  std::vector<TokenId> tokens;
  if (options.start_and_end && state_->add_start()) tokens.push_back(*vocabulary.start());
  bool after_token = true;  // the start of a text counts as such
  for (const Fragment& fragment :
       state_->special_tokens.split(vocabulary, text, options.control_tokens)) {
    if (fragment.token) {
      tokens.push_back(*fragment.token);
    } else if (state_->byte_pairs) {
      state_->byte_pairs->encode(vocabulary, fragment.text, tokens);
    } else {
      const bool space_before = after_token && vocabulary.add_space_prefix();
      encode_sentence_pieces(vocabulary, fragment.text, space_before, tokens);
    }
    after_token = fragment.token.has_value();
  }
  if (options.start_and_end && vocabulary.add_end() && vocabulary.end()) {
    tokens.push_back(*vocabulary.end());
  }
  return tokens;
}

std::string Tokenizer::decode(TokenId token, std::optional<TokenId> previous,
                              bool control_tokens) const {
  const Vocabulary& vocabulary = state_->vocabulary;
  if (token >= vocabulary.size()) return {};
  switch (vocabulary.kind(token)) {
    case TokenKind::control:
    case TokenKind::unused:
      return std::string(control_tokens ? vocabulary.text(token) : std::string_view());
    case TokenKind::unknown:
      return std::string(control_tokens ? vocabulary.text(token) : k_replacement);
    case TokenKind::byte:
      return std::string(1, static_cast<char>(vocabulary.byte_value(token)));
    case TokenKind::user_defined:
      return std::string(vocabulary.text(token));
    case TokenKind::normal:
      break;
  }
  std::string text = state_->normal_text(vocabulary.text(token));
  const bool first = previous && previous == vocabulary.start();
  if (first && vocabulary.add_space_prefix() && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::size_t Tokenizer::vocabulary() const { return state_->vocabulary.size(); }
std::optional<TokenId> Tokenizer::start_token() const { return state_->vocabulary.start(); }
std::optional<TokenId> Tokenizer::end_token() const { return state_->vocabulary.end(); }
bool Tokenizer::ends_text(TokenId token) const { return state_->vocabulary.ends(token); }
const std::string& Tokenizer::note() const { return state_->note; }

}  // namespace assay
