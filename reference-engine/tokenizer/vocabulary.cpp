#include "reference-engine/tokenizer/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_model = "tokenizer.ggml.model";
constexpr std::string_view k_sentencepiece = "llama";
constexpr std::string_view k_tokens = "tokenizer.ggml.tokens";
constexpr std::string_view k_scores = "tokenizer.ggml.scores";
constexpr std::string_view k_kinds = "tokenizer.ggml.token_type";

/// The byte of "<0x0A>"; nothing for any other text.
std::optional<std::uint8_t> parse_byte_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  std::uint8_t value = 0;
  const char* const digits = text.data() + 3;
  const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
  if (error != std::errc() || end != digits + 2) return std::nullopt;
  return value;
}

/// An array of the vocabulary that must be as long as the list of tokens.
Result<const GgufArray*> matching_array(const GgufFile& file, std::string_view key,
                                        GgufType element, std::size_t tokens) {
  const auto array = file.array(key, element);
  if (!array) return array;
  if ((*array)->size() != tokens) {
    return file.refuse(key, fmt::format("{} elements (expected {}, one for each of {})",
                                        (*array)->size(), tokens, k_tokens));
  }
  return array;
}

Result<TokenId> special_token(const GgufFile& file, std::string_view key, TokenId fallback,
                              std::size_t tokens) {
  const auto token = file.count_or(key, fallback);
  if (!token) return pass_on(token);
  if (*token >= tokens) {
    return file.refuse(key, fmt::format("{} (expected one of the {} tokens)", *token, tokens));
  }
  return static_cast<TokenId>(*token);
}

}  // namespace

bool Vocabulary::supports(const GgufFile& file) {
  const auto model = file.text(k_model);
  return model && *model == k_sentencepiece;
}

Result<Vocabulary> Vocabulary::from(const GgufFile& file) {
  const auto model = file.text(k_model);
  if (!model) return pass_on(model);
  if (*model != k_sentencepiece) {
    return file.refuse(k_model,
                       fmt::format("'{}' is not supported (expected 'llama', SentencePiece "
                                   "with scores)",
                                   printable(*model, 60)));
  }
  Vocabulary vocabulary;
  if (auto read = vocabulary.read_tokens(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_scores(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_kinds(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_special_tokens(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_byte_tokens(file); !read) return pass_on(read);
  vocabulary.sort_by_text();
  return vocabulary;
}

Result<void> Vocabulary::read_tokens(const GgufFile& file) {
  const auto tokens = file.array(k_tokens, GgufType::string);
  if (!tokens) return pass_on(tokens);
  if ((*tokens)->size() == 0) return file.refuse(k_tokens, "no tokens");
  ends_.reserve((*tokens)->size());
  for (std::size_t i = 0; i < (*tokens)->size(); ++i) {
    texts_ += (*tokens)->text(i);
    ends_.push_back(static_cast<std::uint32_t>(texts_.size()));
  }
  return {};
}

Result<void> Vocabulary::read_scores(const GgufFile& file) {
  const auto scores = matching_array(file, k_scores, GgufType::f32, ends_.size());
  if (!scores) return pass_on(scores);
  scores_.reserve(ends_.size());
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const auto score = (*scores)->number<float>(i);
    if (!std::isfinite(score)) {
      return file.refuse(k_scores, fmt::format("element {} is {} (expected a number)", i, score));
    }
    scores_.push_back(score);
  }
  return {};
}

Result<void> Vocabulary::read_kinds(const GgufFile& file) {
  const auto kinds = matching_array(file, k_kinds, GgufType::i32, ends_.size());
  if (!kinds) return pass_on(kinds);
  kinds_.reserve(ends_.size());
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const auto kind = (*kinds)->number<std::int32_t>(i);
    if (kind < 1 || kind > 6) {
      return file.refuse(k_kinds, fmt::format("element {} is {} (expected 1 to 6)", i, kind));
    }
    kinds_.push_back(static_cast<TokenKind>(kind));
  }
  return {};
}

Result<void> Vocabulary::read_special_tokens(const GgufFile& file) {
  // Where a file does not say, the numbers of the original llama vocabulary hold.
  const auto unknown = special_token(file, "tokenizer.ggml.unknown_token_id", 0, size());
  if (!unknown) return pass_on(unknown);
  const auto start = special_token(file, "tokenizer.ggml.bos_token_id", 1, size());
  if (!start) return pass_on(start);
  const auto end = special_token(file, "tokenizer.ggml.eos_token_id", 2, size());
  if (!end) return pass_on(end);
  const auto add_start = file.flag_or("tokenizer.ggml.add_bos_token", true);
  if (!add_start) return pass_on(add_start);
  const auto add_space = file.flag_or("tokenizer.ggml.add_space_prefix", true);
  if (!add_space) return pass_on(add_space);
  unknown_ = *unknown;
  start_ = *start;
  end_ = *end;
  add_start_ = *add_start;
  add_space_prefix_ = *add_space;
  return {};
}

Result<void> Vocabulary::read_byte_tokens(const GgufFile& file) {
  byte_tokens_.fill(unknown_);
  for (TokenId token = 0; token < size(); ++token) {
    if (kind(token) != TokenKind::byte) continue;
    const auto byte = parse_byte_token(text(token));
    if (!byte) {
      return file.refuse(k_tokens, fmt::format("byte token {} is '{}' (expected <0x00> to <0xFF>)",
                                               token, printable(text(token), 60)));
    }
    byte_tokens_[*byte] = token;
  }
  return {};
}

void Vocabulary::sort_by_text() {
  for (TokenId token = 0; token < size(); ++token) {
    if (kind(token) == TokenKind::normal || kind(token) == TokenKind::user_defined) {
      by_text_.push_back(token);
    }
  }
  std::sort(by_text_.begin(), by_text_.end(), [this](TokenId a, TokenId b) {
    const int order = text(a).compare(text(b));
    return order != 0 ? order < 0 : a < b;  // of equal texts the first is found
  });
}

std::string_view Vocabulary::text(TokenId token) const {
  const std::size_t begin = token == 0 ? 0 : ends_[token - 1];
  return std::string_view(texts_).substr(begin, ends_[token] - begin);
}

std::optional<TokenId> Vocabulary::find(std::string_view text) const {
  const auto found = std::lower_bound(
      by_text_.begin(), by_text_.end(), text,
      [this](TokenId token, std::string_view key) { return this->text(token) < key; });
  if (found == by_text_.end() || this->text(*found) != text) return std::nullopt;
  return *found;
}

std::uint8_t Vocabulary::byte_value(TokenId token) const {
  return parse_byte_token(text(token)).value_or(0);
}

}  // namespace assay
