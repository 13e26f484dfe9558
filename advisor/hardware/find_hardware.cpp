#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "advisor/hardware.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// Words that stand around a name and tell nothing apart.
constexpr std::array<std::string_view, 14> k_empty_words{
    "nvidia", "geforce", "amd",       "radeon", "intel", "apple", "qualcomm",
    "r",      "tm",      "processor", "cpu",    "gpu",   "gb",    "core"};

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      words.back() += static_cast<char>(std::tolower(byte));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  std::erase_if(words, [](const std::string& word) {
    return word.empty() || std::ranges::find(k_empty_words, word) != k_empty_words.end();
  });
  return words;
}

/// "rtx4060" and "rtx 4060" are the same.
std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ""));
}

struct Candidate {
  std::string shown;
  std::string key;
  std::set<std::string> words;
  NamedHardware entry;
};

std::vector<Candidate> candidates(const HardwareTable& table) {
  std::vector<Candidate> all;
  const auto add = [&all](const std::string& name, NamedHardware entry) {
    const auto words = words_of(name);
    all.push_back({name, joined(words), {words.begin(), words.end()}, entry});
  };
  for (const GraphicsCard& card : table.gpus) {
    add(card.name, {.gpu = &card});
    for (const std::string& alias : card.aliases) add(alias, {.gpu = &card});
  }
  for (const Processor& processor : table.processors)
    add(processor.name, {.processor = &processor});
  return all;
}

bool same(const NamedHardware& a, const NamedHardware& b) {
  return a.gpu == b.gpu && a.processor == b.processor;
}

/// Names of entries whose words hold all that were asked for; the only one is the answer.
std::vector<const Candidate*> fitting(const std::vector<Candidate>& all,
                                      const std::vector<std::string>& words) {
  std::vector<const Candidate*> fit;
  for (const Candidate& one : all) {
    const bool holds = std::ranges::all_of(
        words, [&one](const std::string& word) { return one.words.contains(word); });
    if (holds && std::ranges::none_of(fit, [&one](const Candidate* known) {
          return same(known->entry, one.entry);
        })) {
      fit.push_back(&one);
    }
  }
  return fit;
}

}  // namespace

Result<NamedHardware> find_hardware(const HardwareTable& table, std::string_view name) {
  constexpr std::size_t k_shown = 5;
  const auto words = words_of(name);
  const std::vector<Candidate> all = candidates(table);
  const std::string key = joined(words);
  for (const Candidate& one : all) {
    if (!key.empty() && one.key == key) return one.entry;
  }
  const auto fit = words.empty() ? std::vector<const Candidate*>() : fitting(all, words);
  if (fit.size() == 1) return fit.front()->entry;
  std::vector<std::string> near;
  if (!fit.empty()) {
    for (const Candidate* one : fit) near.push_back(one->shown);
    if (near.size() > k_shown) near.resize(k_shown);
  } else {
    std::vector<std::string> keys;
    for (const Candidate& one : all) keys.push_back(one.key);
    for (const std::string& found : nearest_names(key, keys, k_shown)) {
      near.push_back(std::ranges::find(all, found, &Candidate::key)->shown);
    }
  }
  const std::string what =
      fit.empty() ? "is neither a file nor a processor or GPU that is known" : "fits several";
  return fail(ErrorCode::usage, fmt::format("--machine: '{}' {}", printable(name, 60), what), {},
              near.empty() ? "name a processor or GPU as its vendor does"
                           : fmt::format("did you mean {}?", fmt::join(near, ", ")));
}

}  // namespace assay
