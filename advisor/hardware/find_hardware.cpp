#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "advisor/hardware.hpp"
#include "advisor/hardware/words.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

struct Candidate {
  std::string shown;
  std::string key;
  std::set<std::string> words;
  NamedHardware entry;
};

std::vector<Candidate> candidates(const HardwareTable& table) {
  std::vector<Candidate> all;
  const auto add = [&all](const std::string& name, NamedHardware entry) {
    const auto words = hardware_words(name);
    all.push_back({name, joined_words(words), {words.begin(), words.end()}, entry});
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
  const auto words = hardware_words(name);
  const std::vector<Candidate> all = candidates(table);
  const std::string key = joined_words(words);
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
