#include "reference-engine/tokenizer/special_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

namespace assay {
namespace {

// The largest vocabularies have about 60; the time of split() grows with it.
constexpr std::size_t k_most_lengths = 256;
// Of a polynomial modulo 2^64: odd, and large enough that short texts differ.
constexpr std::uint64_t k_factor = 0x9E3779B97F4A7C15U;

std::uint64_t power_of_factor(std::size_t exponent) {
  std::uint64_t power = 1;
  for (std::uint64_t square = k_factor; exponent != 0; exponent >>= 1U, square *= square) {
    if ((exponent & 1U) != 0) power *= square;
  }
  return power;
}

std::uint8_t byte_of(char character) { return static_cast<std::uint8_t>(character); }

/// Element n: the hash of the first n bytes.
std::vector<std::uint64_t> prefix_hashes(std::string_view text) {
  std::vector<std::uint64_t> hashes(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    hashes[i + 1] = hashes[i] * k_factor + byte_of(text[i]) + 1;
  }
  return hashes;
}

std::uint64_t hash_of(std::string_view text) { return prefix_hashes(text).back(); }

/// White space as the C locale has it.
bool is_space(char character) {
  return character == ' ' || (character >= '\t' && character <= '\r');
}

/// One family's text goes on behind the white space that follows a special token. Its files do not
/// say so: llama.cpp knows them by their names, and so does this.
bool drops_space_after(const GgufFile& file) {
  std::string name = file.text_or("general.name", "").value_or("");
  for (char& letter : name) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
}

}  // namespace

Result<SpecialTokens> SpecialTokens::from(const GgufFile& file, const Vocabulary& vocabulary) {
  std::map<std::size_t, Length, std::greater<>> lengths;
  for (TokenId token = 0; token < vocabulary.size(); ++token) {
    const TokenKind kind = vocabulary.kind(token);
    const std::string_view text = vocabulary.text(token);
    const bool control = kind == TokenKind::control || kind == TokenKind::unknown;
    if ((!control && kind != TokenKind::user_defined) || text.empty()) continue;
    Length& length = lengths[text.size()];
    length.bytes = text.size();
    length.first_bytes[1].set(byte_of(text[0]));
    if (!control) length.first_bytes[0].set(byte_of(text[0]));
    length.by_hash[hash_of(text)].push_back(token);
    if (lengths.size() > k_most_lengths) {
      return file.refuse("tokenizer.ggml.token_type",
                         fmt::format("special tokens of more than {} lengths", k_most_lengths));
    }
  }
  SpecialTokens tokens;
  for (auto& [bytes, length] : lengths) tokens.lengths_.push_back(std::move(length));
  tokens.drops_space_after_ = drops_space_after(file);
  return tokens;
}

std::optional<TokenId> SpecialTokens::token_at(const Vocabulary& vocabulary, const Length& length,
                                               std::string_view candidate, std::uint64_t hash,
                                               bool control_tokens) const {
  const auto found = length.by_hash.find(hash);
  if (found == length.by_hash.end()) return std::nullopt;
  for (const TokenId token : found->second) {
    const bool allowed = control_tokens || vocabulary.kind(token) == TokenKind::user_defined;
    if (allowed && vocabulary.text(token) == candidate) return token;
  }
  return std::nullopt;
}

void SpecialTokens::place(const Vocabulary& vocabulary, const Length& length, std::string_view text,
                          const std::vector<std::uint64_t>& hashes, bool control_tokens,
                          Places& places) const {
  const std::uint64_t power = power_of_factor(length.bytes);
  const std::bitset<256>& first = length.first_bytes[control_tokens ? 1 : 0];
  for (std::size_t at = 0; at + length.bytes <= text.size();) {
    const std::uint64_t hash = hashes[at + length.bytes] - hashes[at] * power;
    if (!first[byte_of(text[at])] || !length.by_hash.contains(hash)) {
      ++at;
      continue;
    }
    std::size_t free = at + length.bytes;  // from here backwards the text is free
    while (free > at && !places.taken[free - 1]) --free;
    if (free > at) {
      at = free;
      continue;
    }
    const auto token =
        token_at(vocabulary, length, text.substr(at, length.bytes), hash, control_tokens);
    if (!token) {
      ++at;
      continue;
    }
    std::size_t next = at + length.bytes;
    const std::string_view own = vocabulary.text(*token);
    if (drops_space_after_ && own != "<unk>" && own != "<s>" && own != "<|endoftext|>") {
      while (next < text.size() && is_space(text[next]) && !places.taken[next]) ++next;
    }
    for (std::size_t i = at; i < next; ++i) places.taken[i] = true;
    places.tokens.push_back({at, next, *token});
    at = next;
  }
}

std::vector<Fragment> SpecialTokens::split(const Vocabulary& vocabulary, std::string_view text,
                                           bool control_tokens) const {
  std::bitset<256> bytes;
  for (const char byte : text) bytes.set(byte_of(byte));
  Places places;
  std::vector<std::uint64_t> hashes;
  for (const Length& length : lengths_) {
    if ((length.first_bytes[control_tokens ? 1 : 0] & bytes).none()) continue;
    if (hashes.empty()) {
      hashes = prefix_hashes(text);
      places.taken.resize(text.size());
    }
    place(vocabulary, length, text, hashes, control_tokens, places);
  }
  std::sort(places.tokens.begin(), places.tokens.end(),
            [](const Place& a, const Place& b) { return a.begin < b.begin; });
  std::vector<Fragment> fragments;
  std::size_t at = 0;
  for (const Place& place : places.tokens) {
    if (place.begin > at) fragments.push_back({text.substr(at, place.begin - at), {}});
    fragments.push_back({{}, place.token});
    at = place.next;
  }
  if (at < text.size()) fragments.push_back({text.substr(at), {}});
  return fragments;
}

}  // namespace assay
