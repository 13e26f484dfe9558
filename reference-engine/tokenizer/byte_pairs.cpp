#include "reference-engine/tokenizer/byte_pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.hpp"
#include "reference-engine/tokenizer/byte_letters.hpp"
#include "reference-engine/tokenizer/escaped_space.hpp"
#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {
namespace {

constexpr std::string_view k_pre = "tokenizer.ggml.pre";

/// The symbols of one piece after another; it keeps its memory between them.
class SymbolMerger {
 public:
  struct Part {
    Symbol symbol;
    std::uint32_t begin;  // in the piece
    std::uint32_t bytes;  // 0 where it became part of another one
    std::uint32_t previous;
    std::uint32_t next;
  };

  explicit SymbolMerger(const MergeTable& merges) : merges_(&merges) {}

  void clear() { parts_.clear(); }
  void add(Symbol symbol, std::size_t begin, std::size_t bytes) {
    const auto index = static_cast<std::uint32_t>(parts_.size());
    parts_.push_back({symbol, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(bytes),
                      index - 1, index + 1});
  }

  void merge_all() {
    candidates_.clear();
    for (std::uint32_t i = 0; i + 1 < parts_.size(); ++i) offer(i);
    while (!candidates_.empty()) {
      std::pop_heap(candidates_.begin(), candidates_.end(), std::greater<>());
      const Candidate best = candidates_.back();
      candidates_.pop_back();
      Part& left = parts_[best.left];
      if (left.bytes == 0 || left.symbol != best.left_symbol || left.next >= parts_.size())
        continue;
      Part& right = parts_[left.next];
      if (right.symbol != best.right_symbol) continue;
      left.symbol = best.product;
      left.bytes += right.bytes;
      right.bytes = 0;
      left.next = right.next;
      if (left.next < parts_.size()) parts_[left.next].previous = best.left;
      if (best.left != 0) offer(left.previous);
      offer(best.left);
    }
  }

  /// Calls `use` with each part that is left.
  template <typename Use>
  void for_each(Use use) const {
    for (std::size_t i = 0; i < parts_.size(); i = parts_[i].next) use(parts_[i]);
  }

 private:
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t left;
    Symbol left_symbol;
    Symbol right_symbol;
    Symbol product;
    bool operator>(const Candidate& other) const {  // of equal ranks the leftmost comes first
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };

  void offer(std::uint32_t index) {
    const Part& left = parts_[index];
    if (left.next >= parts_.size()) return;
    const Symbol right = parts_[left.next].symbol;
    const MergeTable::Merge* const merge = merges_->find(left.symbol, right);
    if (merge == nullptr) return;
    candidates_.push_back({merge->rank, index, left.symbol, right, merge->product});
    std::push_heap(candidates_.begin(), candidates_.end(), std::greater<>());
  }

  const MergeTable* merges_;
  std::vector<Part> parts_;
  std::vector<Candidate> candidates_;  // a heap
};

}  // namespace

Result<const PreTokenizerRow*> BytePairs::row_of(const GgufFile& file) {
  // A kind of vocabulary of its own, whose files need not name the pre-tokenizer.
  if (const auto model = file.text("tokenizer.ggml.model"); model && *model == "gemma4") {
    return find_pre_tokenizer("gemma4");
  }
  const auto name = file.text_or(k_pre, std::string(k_default_pre_tokenizer));
  if (!name) return pass_on(name);
  return find_pre_tokenizer(*name);
}

Result<BytePairs> BytePairs::from(const GgufFile& file, const Vocabulary& vocabulary) {
  const auto row = row_of(file);
  if (!row) return pass_on(row);
  if (*row == nullptr) {
    auto refused = file.refuse(k_pre, fmt::format("'{}' is not supported (expected a known "
                                                  "pre-tokenizer)",
                                                  printable(*file.text(k_pre), 60)));
    refused.value().remedy = fmt::format("known are {}", pre_tokenizer_names());
    return refused;
  }
  auto merges = MergeTable::from(file, vocabulary);
  if (!merges) return pass_on(merges);
  auto pre_tokenizer = PreTokenizer::from(**row);
  if (!pre_tokenizer) return pass_on(pre_tokenizer);
  BytePairs pairs(**row, std::move(*pre_tokenizer), std::move(*merges));
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs.letters_[byte] = letter_of(static_cast<std::uint8_t>(byte));
    pairs.byte_symbols_[byte] = pairs.merges_.symbol(vocabulary, pairs.letters_[byte]);
  }
  return pairs;
}

BytePairs::BytePairs(const PreTokenizerRow& row, PreTokenizer pre_tokenizer, MergeTable merges)
    : row_(&row), pre_tokenizer_(std::move(pre_tokenizer)), merges_(std::move(merges)) {}

std::optional<TokenId> BytePairs::whole_word(const Vocabulary& vocabulary,
                                             std::string_view piece) const {
  const bool newlines = row_->whole_newlines && piece.find_first_not_of('\n') == piece.npos;
  if ((!row_->whole_words && !newlines) || piece.size() > vocabulary.longest()) return std::nullopt;
  if (row_->plain_text) return vocabulary.find(piece);
  std::string word;
  for (const char byte : piece) word += letters_[static_cast<std::uint8_t>(byte)];
  return vocabulary.find(word);
}

void BytePairs::append_bytes(const Vocabulary& vocabulary, std::string_view text,
                             std::vector<TokenId>& tokens) const {
  for (const char character : text) {
    const auto byte = static_cast<std::uint8_t>(character);
    const auto token =
        row_->plain_text ? vocabulary.byte_token(byte) : vocabulary.find(letters_[byte]);
    if (token) tokens.push_back(*token);
  }
}

void BytePairs::encode(const Vocabulary& vocabulary, std::string_view text,
                       std::vector<TokenId>& tokens) const {
  const std::string whole = well_formed(row_->plain_text ? escape_spaces(text) : text);
  std::string_view rest = whole;
  SymbolMerger merger(merges_);
  for (const std::size_t length : pre_tokenizer_.split(whole)) {
    const std::string_view piece = rest.substr(0, length);
    rest.remove_prefix(length);
    if (const auto token = whole_word(vocabulary, piece)) {
      tokens.push_back(*token);
      continue;
    }
    merger.clear();
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t bytes = row_->plain_text ? well_formed_length(piece.substr(at)) : 1;
      const Symbol symbol = row_->plain_text ? merges_.symbol(vocabulary, piece.substr(at, bytes))
                                             : byte_symbols_[static_cast<std::uint8_t>(piece[at])];
      merger.add(symbol, at, bytes);
      at += bytes;
    }
    merger.merge_all();
    merger.for_each([&](const SymbolMerger::Part& part) {
      if (part.symbol < vocabulary.size() && vocabulary.can_be_spelled(part.symbol)) {
        tokens.push_back(part.symbol);
      } else {
        append_bytes(vocabulary, piece.substr(part.begin, part.bytes), tokens);
      }
    });
  }
}

}  // namespace assay
