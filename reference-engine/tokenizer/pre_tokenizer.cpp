#include "reference-engine/tokenizer/pre_tokenizer.hpp"

#include <algorithm>
#include <utility>

#include "reference-engine/tokenizer/unicode_class.hpp"
#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {
namespace {

using CodePoints = std::span<const char32_t>;
using Lengths = std::vector<std::size_t>;  // in code points

void split_by_pattern(CodePoints text, PatternSearch& search, Lengths& pieces) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto match = search.find(text, done);
    const std::size_t begin = match ? match->begin : text.size();
    if (begin > done) pieces.push_back(begin - done);
    if (!match) return;
    pieces.push_back(match->end - begin);
    done = match->end;
  }
}

/// A piece ends after every third digit counted from the end of its run of digits; text before the
/// first of them stays with it, and the next stage cuts it off.
void split_digits(CodePoints text, Lengths& pieces) {
  std::size_t done = 0;
  const auto cut_at = [&](std::size_t at) {
    if (at > done) pieces.push_back(at - done);
    done = at;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && code_point_class(text[end]) == CodePointClass::number) ++end;
    const std::size_t digits = end - at;
    if (digits % 3 != 0) cut_at(at + digits % 3);
    for (std::size_t i = digits % 3 + 3; i <= digits; i += 3) cut_at(at + i);
    at = end + (digits == 0 ? 1 : 0);
  }
  cut_at(text.size());
}

}  // namespace

Result<PreTokenizer> PreTokenizer::from(const PreTokenizerRow& row) {
  PreTokenizer pre_tokenizer;
  for (const std::string_view text : row.stages) {
    if (text.empty()) break;
    Stage stage;
    if (text != k_groups_of_three) {
      auto pattern = Pattern::parse(text);
      if (!pattern) return pass_on(pattern);
      stage.pattern.push_back(std::move(*pattern));
    }
    pre_tokenizer.stages_.push_back(std::move(stage));
  }
  return pre_tokenizer;
}

std::vector<std::size_t> PreTokenizer::split(std::string_view text) const {
  std::vector<char32_t> code_points;
  code_points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::max<std::size_t>(1, well_formed_length(text.substr(at)));
    code_points.push_back(code_point_of(text.substr(at, length)));
    at += length;
  }
  Lengths pieces;
  if (!code_points.empty()) pieces.push_back(code_points.size());
  for (const Stage& stage : stages_) {
    Lengths finer;
    std::vector<PatternSearch> search(stage.pattern.begin(), stage.pattern.end());
    std::size_t begin = 0;
    for (const std::size_t length : pieces) {
      const CodePoints piece = CodePoints(code_points).subspan(begin, length);
      if (search.empty()) {
        split_digits(piece, finer);
      } else {
        split_by_pattern(piece, search[0], finer);
      }
      begin += length;
    }
    pieces = std::move(finer);
  }
  std::size_t at = 0;  // in bytes
  for (std::size_t& piece : pieces) {
    const std::size_t begin = at;
    for (std::size_t i = 0; i < piece; ++i) {
      at += std::max<std::size_t>(1, well_formed_length(text.substr(at)));
    }
    piece = at - begin;
  }
  return pieces;
}

}  // namespace assay
