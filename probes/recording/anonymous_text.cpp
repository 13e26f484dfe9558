#include "probes/recording/anonymous_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace assay {
namespace {

constexpr std::string_view k_mark = "anonymous-";
constexpr std::string_view k_pod = "pod";  // kubernetes writes its UUIDs right behind it

bool is_hex(char letter) { return std::isxdigit(static_cast<unsigned char>(letter)) != 0; }
bool is_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; }

std::size_t hex_run(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_hex);
  return static_cast<std::size_t>(end - text.begin());
}

/// Groups of so many hexadecimal digits with one of `separators` between them; 0 when it is not.
template <std::size_t N>
std::size_t groups_length(std::string_view text, const std::array<std::size_t, N>& groups,
                          std::string_view separators) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (i > 0) {
      if (at >= text.size() || separators.find(text[at]) == std::string_view::npos) return 0;
      ++at;
    }
    if (hex_run(text.substr(std::min(at, text.size()))) != groups[i]) return 0;
    at += groups[i];
  }
  return at;
}

/// A UUID (kubernetes writes '_' for '-'), a hardware address of 6 or 8 bytes, or an identity of 32
/// digits and more.
std::size_t pattern_length(std::string_view text) {
  constexpr std::array<std::size_t, 5> k_uuid{8, 4, 4, 4, 12};
  constexpr std::array<std::size_t, 6> k_address{2, 2, 2, 2, 2, 2};
  constexpr std::array<std::size_t, 8> k_long_address{2, 2, 2, 2, 2, 2, 2, 2};
  constexpr std::size_t k_least_identity = 32;
  if (const auto length = groups_length(text, k_uuid, "-_"); length > 0) return length;
  if (const auto length = groups_length(text, k_long_address, ":"); length > 0) return length;
  if (const auto length = groups_length(text, k_address, ":"); length > 0) return length;
  const std::size_t run = hex_run(text);
  return run >= k_least_identity ? run : 0;
}

}  // namespace

AnonymousText::AnonymousText(std::vector<std::string> words, std::vector<std::string> harmless)
    : words_(std::move(words)), harmless_(std::move(harmless)) {
  // One or two letters are part of too much; and "root" is everybody.
  std::erase_if(words_, [](const std::string& word) {
    return word.size() < 3 || word == "root" || word == "/root" || word == "localhost";
  });
  std::stable_sort(words_.begin(), words_.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string AnonymousText::stand_in(std::string_view secret) {
  const auto known = stand_ins_.find(secret);
  if (known != stand_ins_.end()) return known->second;
  std::string name = fmt::format("{}{}", k_mark, stand_ins_.size() + 1);
  stand_ins_.emplace(secret, name);
  originals_.emplace(name, secret);
  return name;
}

std::size_t AnonymousText::secret_length(std::string_view text, char before,
                                         bool words_count) const {
  if (is_word(before) && is_word(text[0])) return 0;  // inside of a word
  for (const std::string& word : words_) {
    if (!words_count || !text.starts_with(word)) continue;
    if (text.size() == word.size() || !is_word(text[word.size()])) return word.size();
  }
  const std::size_t length = pattern_length(text);
  const bool harmless = length > 0 && std::find(harmless_.begin(), harmless_.end(),
                                                text.substr(0, length)) != harmless_.end();
  return harmless ? 0 : length;
}

std::string AnonymousText::replaced(std::string_view text, bool words_count) {
  std::string out;
  std::size_t at = 0;
  char before = ' ';
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(k_pod) && pattern_length(rest.substr(k_pod.size())) > 0) {
      out += k_pod;
      at += k_pod.size();
      before = ' ';
      continue;
    }
    const std::size_t length = secret_length(rest, before, words_count);
    out += length == 0 ? std::string(1, rest[0]) : stand_in(rest.substr(0, length));
    at += std::max(length, std::size_t{1});
    before = text[at - 1];
  }
  return out;
}

std::string AnonymousText::anonymous(std::string_view text) { return replaced(text, true); }

std::string AnonymousText::anonymous_path(std::string_view path) {
  const bool named_by_people = path.starts_with("/sys/fs/cgroup/") ||
                               path.starts_with("/dev/cgroup/") || path.starts_with("/cgroup/");
  return replaced(path, named_by_people);
}

std::string AnonymousText::original(std::string_view text) const {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t mark = text.find(k_mark, at);
    if (mark == std::string_view::npos) break;
    std::size_t end = mark + k_mark.size();
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    const auto found = originals_.find(text.substr(mark, end - mark));
    out += text.substr(at, mark - at);
    out += found == originals_.end() ? text.substr(mark, end - mark) : found->second;
    at = end;
  }
  return out + std::string(text.substr(std::min(at, text.size())));
}

}  // namespace assay
