#include "reference-engine/tokenizer/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "reference-engine/tokenizer/known_tokens.hpp"

namespace assay {
namespace {

constexpr std::string_view k_model = "tokenizer.ggml.model";
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

/// The token that a key names; nothing for a missing key.
Result<std::optional<TokenId>> special_token(const GgufFile& file, std::string_view key,
                                             std::size_t tokens) {
  if (!file.has(key)) return std::optional<TokenId>();
  const auto token = file.count(key);
  if (!token) return pass_on(token);
  if (*token >= tokens) {
    return file.refuse(key, fmt::format("{} (expected one of the {} tokens)", *token, tokens));
  }
  return std::optional<TokenId>(static_cast<TokenId>(*token));
}

}  // namespace

Result<std::optional<VocabularyKind>> Vocabulary::kind_of(const GgufFile& file) {
  const auto model = file.text(k_model);
  if (!model) return pass_on(model);
  if (*model == "llama") return std::optional(VocabularyKind::sentence_pieces);
  if (*model == "gpt2" || *model == "gemma4") return std::optional(VocabularyKind::byte_pairs);
  return std::optional<VocabularyKind>();
}

Result<Vocabulary> Vocabulary::from(const GgufFile& file) {
  const auto made_of = kind_of(file);
  if (!made_of) return pass_on(made_of);
  if (!*made_of) {
    return file.refuse(k_model,
                       fmt::format("'{}' is not supported (expected 'llama', SentencePiece with "
                                   "scores, 'gpt2' or 'gemma4', byte pairs)",
                                   printable(*file.text(k_model), 60)));
  }
  Vocabulary vocabulary;
  vocabulary.made_of_ = **made_of;
  if (auto read = vocabulary.read_tokens(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_scores(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_kinds(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_special_tokens(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_flags(file); !read) return pass_on(read);
  if (auto read = vocabulary.read_byte_tokens(file); !read) return pass_on(read);
  vocabulary.apply_known_texts();
  vocabulary.index_texts();
  return vocabulary;
}

Result<void> Vocabulary::read_tokens(const GgufFile& file) {
  const auto tokens = file.array(k_tokens, GgufType::string);
  if (!tokens) return pass_on(tokens);
  if ((*tokens)->size() == 0) return file.refuse(k_tokens, "no tokens");
  texts_.reserve((*tokens)->size());
  for (std::size_t i = 0; i < (*tokens)->size(); ++i) {
    if (!texts_.append((*tokens)->text(i))) return file.refuse(k_tokens, "more than 4 GiB of text");
  }
  return {};
}

Result<void> Vocabulary::read_scores(const GgufFile& file) {
  if (made_of_ != VocabularyKind::sentence_pieces) return {};
  const auto scores = matching_array(file, k_scores, GgufType::f32, texts_.size());
  if (!scores) return pass_on(scores);
  scores_.reserve(texts_.size());
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto score = (*scores)->number<float>(i);
    if (!std::isfinite(score)) {
      return file.refuse(k_scores, fmt::format("element {} is {} (expected a number)", i, score));
    }
    scores_.push_back(score);
  }
  return {};
}

Result<void> Vocabulary::read_kinds(const GgufFile& file) {
  if (made_of_ == VocabularyKind::byte_pairs && !file.has(k_kinds)) {
    kinds_.assign(texts_.size(), TokenKind::normal);
    return {};
  }
  const auto kinds = matching_array(file, k_kinds, GgufType::i32, texts_.size());
  if (!kinds) return pass_on(kinds);
  kinds_.reserve(texts_.size());
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto kind = (*kinds)->number<std::int32_t>(i);
    if (kind < 1 || kind > 6) {
      return file.refuse(k_kinds, fmt::format("element {} is {} (expected 1 to 6)", i, kind));
    }
    kinds_.push_back(static_cast<TokenKind>(kind));
  }
  return {};
}

Result<void> Vocabulary::read_special_tokens(const GgufFile& file) {
  struct Row {
    std::string_view key;
    std::optional<TokenId>* token;
    // Where a file does not say, the numbers of the original llama vocabulary hold for its kind.
    std::optional<TokenId> fallback;
  };
  std::optional<TokenId> other;
  for (const Row& row : {Row{"tokenizer.ggml.unknown_token_id", &unknown_, 0},
                         Row{"tokenizer.ggml.bos_token_id", &start_, 1},
                         Row{"tokenizer.ggml.eos_token_id", &end_, 2},
                         Row{"tokenizer.ggml.eot_token_id", &other, {}},
                         Row{"tokenizer.ggml.eom_token_id", &other, {}},
                         Row{"tokenizer.ggml.fim_pad_token_id", &other, {}},
                         Row{"tokenizer.ggml.fim_rep_token_id", &other, {}},
                         Row{"tokenizer.ggml.fim_sep_token_id", &other, {}}}) {
    const auto token = special_token(file, row.key, size());
    if (!token) return pass_on(token);
    *row.token = *token;
    if (!*token && made_of_ == VocabularyKind::sentence_pieces && row.fallback) {
      if (*row.fallback >= size()) {
        return file.refuse(row.key, fmt::format("missing (the usual {} is beyond the {} tokens)",
                                                *row.fallback, size()));
      }
      *row.token = row.fallback;
    }
    if (row.token == &other && other) ends_.push_back(*other);
  }
  if (end_) ends_.push_back(*end_);
  return {};
}

Result<void> Vocabulary::read_flags(const GgufFile& file) {
  constexpr std::string_view k_add_start = "tokenizer.ggml.add_bos_token";
  const bool pieces = made_of_ == VocabularyKind::sentence_pieces;
  const auto add_start = file.flag_or(k_add_start, pieces);
  if (!add_start) return pass_on(add_start);
  const auto add_end = file.flag_or("tokenizer.ggml.add_eos_token", false);
  if (!add_end) return pass_on(add_end);
  const auto add_space = file.flag_or("tokenizer.ggml.add_space_prefix", pieces);
  if (!add_space) return pass_on(add_space);
  if (pieces || file.has(k_add_start)) add_start_ = *add_start;
  add_end_ = *add_end;
  add_space_prefix_ = *add_space;
  return {};
}

Result<void> Vocabulary::read_byte_tokens(const GgufFile& file) {
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

void Vocabulary::apply_known_texts() {
  std::optional<TokenId> returns;
  std::optional<TokenId> calls;
  std::optional<TokenId> flushes;
  std::optional<TokenId> message_end;
  std::optional<TokenId> old_end;
  bool tools = false;
  for (TokenId token = 0; token < size(); ++token) {
    const std::string_view own = text(token);
    if (own.size() < 4 || own.size() > 32) continue;  // the lengths of the lists
    if (frames_message(own)) kinds_[token] = TokenKind::user_defined;
    if (!controls_text(own)) continue;
    kinds_[token] = TokenKind::control;
    if (!ends_text(own)) continue;
    ends_.push_back(token);
    if (own == "<|return|>") returns = token;
    if (own == "<|call|>" || own == "<|calls|>") calls = token;
    if (own == "<|flush|>") flushes = token;
    if (own == "<|end|>") message_end = token;
    if (own == "</s>") old_end = token;
    if (own == "<|tool_response>") tools = true;
  }
  // Where messages are parts of an answer, the end of one does not end the text; and beside newer
  // end tokens "</s>" is plain text.
  if (message_end && calls && (returns || flushes)) {
    std::erase(ends_, *message_end);
    kinds_[*message_end] = TokenKind::user_defined;
  }
  if (tools && old_end) {
    std::erase(ends_, *old_end);
    kinds_[*old_end] = TokenKind::normal;
  }
  std::sort(ends_.begin(), ends_.end());
}

void Vocabulary::index_texts() {
  for (const bool spelled : {true, false}) {
    for (TokenId token = 0; token < size(); ++token) {
      if (can_be_spelled(token) == spelled && !text(token).empty()) texts_.index(token);
    }
  }
}

std::optional<TokenId> Vocabulary::find(std::string_view text) const {
  const auto token = texts_.find(text);
  return token && can_be_spelled(*token) ? token : std::nullopt;
}

bool Vocabulary::ends(TokenId token) const {
  return std::binary_search(ends_.begin(), ends_.end(), token);
}

std::uint8_t Vocabulary::byte_value(TokenId token) const {
  return parse_byte_token(text(token)).value_or(0);
}

}  // namespace assay
