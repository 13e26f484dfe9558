#include "reference-engine/tokenizer/sentence_pieces.hpp"

#include <algorithm>
#include <queue>
#include <string>

#include "reference-engine/tokenizer/escaped_space.hpp"
#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {
namespace {

/// Joins the characters of a text into tokens: again and again the two neighbours whose union is
/// the token of the highest score, the leftmost of equals.
/// Source: Kudo and Richardson, "SentencePiece" (2018), byte-pair encoding by score.
class PieceMerger {
 public:
  PieceMerger(const Vocabulary& vocabulary, std::string_view text)
      : vocabulary_(&vocabulary), text_(text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = std::max<std::size_t>(1, well_formed_length(text.substr(at)));
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
        if (const auto token = vocabulary_->byte_token(static_cast<std::uint8_t>(byte))) {
          tokens.push_back(*token);
        }
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

void encode_sentence_pieces(const Vocabulary& vocabulary, std::string_view text, bool space_before,
                            std::vector<TokenId>& tokens) {
  std::string escaped = escape_spaces(text);
  if (space_before) escaped.insert(0, k_escaped_space);
  PieceMerger merger(vocabulary, escaped);
  merger.merge_all();
  merger.append_tokens(tokens);
}

}  // namespace assay
