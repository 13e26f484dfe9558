#include "advisor/hardware/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace assay {
namespace {

/// Words that stand around a name and tell nothing apart.
constexpr std::array<std::string_view, 14> k_empty_words{
    "nvidia", "geforce", "amd",       "radeon", "intel", "apple", "qualcomm",
    "r",      "tm",      "processor", "cpu",    "gpu",   "gb",    "core"};

/// "12gb" is "12 gb".
void drop_unit(std::string& word) {
  constexpr std::string_view k_unit = "gb";
  if (word.size() <= k_unit.size() || !word.ends_with(k_unit)) return;
  const char before = word[word.size() - k_unit.size() - 1];
  if (std::isdigit(static_cast<unsigned char>(before)) != 0) {
    word.resize(word.size() - k_unit.size());
  }
}

}  // namespace

std::vector<std::string> hardware_words(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      words.back() += static_cast<char>(std::tolower(byte));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  std::ranges::for_each(words, drop_unit);
  std::erase_if(words, [](const std::string& word) {
    return word.empty() || std::ranges::find(k_empty_words, word) != k_empty_words.end();
  });
  return words;
}

std::string joined_words(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ""));
}

}  // namespace assay
