#include "reference-engine/tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <queue>

#include "reference-engine/tokenizer/vocabulary.hpp"

namespace assay {
namespace {

constexpr std::string_view k_space = "\xE2\x96\x81";  // U+2581 stands for a space in a vocabulary

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  for (;;) {
    const std::size_t at = text.find(from);
    replaced += text.substr(0, at);
    if (at == std::string_view::npos) return replaced;
    replaced += to;
    text.remove_prefix(at + from.size());
  }
}

/// Length of the UTF-8 sequence at the start of `text`; 1 where it is not well-formed. Requires a
/// non-empty text.
std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  std::size_t length = 1;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (text.size() < length) return 1;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 1;
  }
  return length;
}

/// Joins the characters of a text into tokens: again and again the two neighbours whose union is
/// the token of the highest score, the leftmost of equals.
/// Source: Kudo and Richardson, "SentencePiece" (2018), byte-pair encoding by score.
class PieceMerger {
 public:
  PieceMerger(const Vocabulary& vocabulary, std::string_view text)
      : vocabulary_(&vocabulary), text_(text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = character_length(text.substr(at));
      pieces_.push_back({at, length, pieces_.size() - 1, pieces_.size() + 1});
      at += length;
    }
  }

  void merge_all() {
    for (std::size_t i = 0; i + 1 < pieces_.size(); ++i) offer(i);
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      Piece& left = pieces_[best.left];
      // The piece, or its neighbour, became part of another one since the pair was offered.
      if (left.length != best.left_length || left.next >= pieces_.size()) continue;
      Piece& right = pieces_[left.next];
      if (left.length + right.length != best.length) continue;
      left.length = best.length;
      right.length = 0;
      left.next = right.next;
      if (left.next < pieces_.size()) pieces_[left.next].previous = best.left;
      if (best.left != 0) offer(left.previous);
      offer(best.left);
    }
  }

  void append_tokens(std::vector<TokenId>& tokens) const {
    for (std::size_t i = 0; i < pieces_.size(); i = pieces_[i].next) {
      const std::string_view text = text_.substr(pieces_[i].begin, pieces_[i].length);
      if (const auto token = vocabulary_->find(text)) {
        tokens.push_back(*token);
        continue;
      }
      for (const char byte : text) {
        tokens.push_back(vocabulary_->byte_token(static_cast<std::uint8_t>(byte)));
      }
    }
  }

 private:
  struct Piece {
    std::size_t begin;
    std::size_t length;
    std::size_t previous;  // of the first piece: not used
    std::size_t next;      // of the last piece: pieces_.size()
  };
  struct Candidate {
    float score;
    std::size_t left;
    std::size_t left_length;
    std::size_t length;
    bool operator<(const Candidate& other) const {  // the queue gives the largest
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  /// Puts the union of a piece and the next one into the queue when it is a token.
  void offer(std::size_t index) {
    const Piece& left = pieces_[index];
    if (left.next >= pieces_.size()) return;
    const std::size_t length = left.length + pieces_[left.next].length;
    const auto token = vocabulary_->find(text_.substr(left.begin, length));
    if (token) candidates_.push({vocabulary_->score(*token), index, left.length, length});
  }

  const Vocabulary* vocabulary_;
  std::string_view text_;
  std::vector<Piece> pieces_;
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

struct Tokenizer::State {
  Vocabulary vocabulary;
};

bool Tokenizer::supports(const GgufFile& file) { return Vocabulary::supports(file); }

Result<Tokenizer> Tokenizer::from(const GgufFile& file) {
  auto vocabulary = Vocabulary::from(file);
  if (!vocabulary) return pass_on(vocabulary);
  return Tokenizer(std::make_unique<State>(State{std::move(*vocabulary)}));
}

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  const Vocabulary& vocabulary = state_->vocabulary;
  std::vector<TokenId> tokens;
  if (vocabulary.add_start()) tokens.push_back(vocabulary.start());
  if (text.empty()) return tokens;
  std::string escaped = replace_all(text, " ", k_space);
  if (vocabulary.add_space_prefix()) escaped.insert(0, k_space);
  PieceMerger merger(vocabulary, escaped);
  merger.merge_all();
  merger.append_tokens(tokens);
  return tokens;
}

std::string Tokenizer::decode(TokenId token, TokenId previous) const {
  const Vocabulary& vocabulary = state_->vocabulary;
  if (token >= vocabulary.size()) return {};
  switch (vocabulary.kind(token)) {
    case TokenKind::control:
    case TokenKind::unused:
      return {};
    case TokenKind::unknown:
      return "\xEF\xBF\xBD";  // U+FFFD, the replacement character
    case TokenKind::byte:
      return std::string(1, static_cast<char>(vocabulary.byte_value(token)));
    case TokenKind::normal:
    case TokenKind::user_defined:
      break;
  }
  std::string text = replace_all(vocabulary.text(token), k_space, " ");
  if (previous == vocabulary.start() && vocabulary.add_space_prefix() && text.starts_with(' ')) {
    text.erase(0, 1);
  }
  return text;
}

std::size_t Tokenizer::vocabulary() const { return state_->vocabulary.size(); }
TokenId Tokenizer::start_token() const { return state_->vocabulary.start(); }
TokenId Tokenizer::end_token() const { return state_->vocabulary.end(); }

}  // namespace assay
