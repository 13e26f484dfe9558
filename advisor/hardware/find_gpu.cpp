#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "advisor/hardware.hpp"
#include "advisor/hardware/words.hpp"

namespace assay {
namespace {

using Cards = std::vector<const GraphicsCard*>;

/// The name without what a driver adds in brackets: "(RADV NAVI31)".
std::string_view bare_name(std::string_view name) { return name.substr(0, name.find(" (")); }

const GraphicsCard* of_name(const HardwareTable& table, std::string_view name) {
  const std::string key = joined_words(hardware_words(name));
  const auto is_named = [&key](const std::string& one) {
    return joined_words(hardware_words(one)) == key;
  };
  for (const GraphicsCard& card : table.gpus) {
    if (key.empty()) return nullptr;
    if (is_named(card.name) || std::ranges::any_of(card.aliases, is_named)) return &card;
  }
  return nullptr;
}

Cards of_pci_id(const HardwareTable& table, const GpuProfile& gpu) {
  const std::string id = fmt::format("{:04x}:{:04x}", gpu.vendor_id, gpu.device_id);
  Cards found;
  for (const GraphicsCard& card : table.gpus) {
    if (std::ranges::find(card.pci_ids, id) != card.pci_ids.end()) found.push_back(&card);
  }
  return found;
}

/// The vendor as the table writes it; empty where the table has nothing of theirs.
std::string vendor_of(const HardwareTable& table, const GpuProfile& gpu) {
  std::string vendor = gpu.vendor;
  std::ranges::transform(vendor, vendor.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool is_known =
      std::ranges::find(table.gpus, vendor, &GraphicsCard::vendor) != table.gpus.end();
  return is_known ? vendor : std::string();
}

/// Cards of the vendor whose names hold all words of the driver's name: "RTX 3050" of the one with
/// 6 GB. What says nothing ("AMD Radeon Graphics") fits many.
Cards of_words(const HardwareTable& table, const GpuProfile& gpu, std::string_view name) {
  const auto words = hardware_words(name);
  const std::string vendor = vendor_of(table, gpu);
  Cards found;
  for (const GraphicsCard& card : table.gpus) {
    if (!vendor.empty() && card.vendor != vendor) continue;
    const auto all = hardware_words(card.name);
    const std::set<std::string> has(all.begin(), all.end());
    const bool fits = !words.empty() && std::ranges::all_of(words, [&has](const std::string& word) {
      return has.contains(word);
    });
    if (fits) found.push_back(&card);
  }
  return found;
}

/// Drivers tell a little less than what a card is sold with (error correction keeps a sixteenth).
bool has_memory(const GraphicsCard& card, Bytes memory) {
  constexpr double k_low = 0.9;
  constexpr double k_high = 1.02;
  return std::ranges::any_of(card.memory, [&](Bytes size) {
    const double ratio = static_cast<double>(memory.value) / static_cast<double>(size.value);
    return ratio >= k_low && ratio <= k_high;
  });
}

/// Some names are those of cards with other memory: "RTX 3080" has 10 or 12 GB.
bool may_have_memory(const GraphicsCard& card, const Fact<Bytes>& memory) {
  return card.shared_with_cpu || !memory.is_known() || has_memory(card, memory.value());
}

void keep_those_with_memory(Cards& cards, const Fact<Bytes>& memory) {
  if (cards.size() < 2 || !memory.is_known()) return;
  Cards kept;
  std::ranges::copy_if(cards, std::back_inserter(kept),
                       [&](const GraphicsCard* card) { return has_memory(*card, memory.value()); });
  if (!kept.empty()) cards = std::move(kept);
}

std::string names_of(const Cards& cards) {
  constexpr std::size_t k_shown = 5;
  std::vector<std::string> names;
  for (const GraphicsCard* card : cards) {
    if (names.size() < k_shown) names.push_back(card->name);
  }
  if (cards.size() > k_shown) names.push_back(fmt::format("{} others", cards.size() - k_shown));
  return fmt::format("{}", fmt::join(names, " or "));
}

bool all_alike(const Cards& cards) {
  return std::ranges::all_of(cards, [&](const GraphicsCard* card) {
    return card->bandwidth_bytes_per_second == cards.front()->bandwidth_bytes_per_second;
  });
}

/// What several cards have in common, under all of their names.
GraphicsCard in_common(const Cards& cards) {
  GraphicsCard card = *cards.front();
  card.name = names_of(cards);
  for (const GraphicsCard* other : cards) {
    if (other->fp32_flops_per_second != card.fp32_flops_per_second) {
      card.fp32_flops_per_second.reset();
    }
    if (other->memory != card.memory) card.memory.clear();
  }
  return card;
}

}  // namespace

Result<GraphicsCard> find_gpu(const HardwareTable& table, const GpuProfile& gpu) {
  const std::string_view name =
      gpu.name.is_known() ? bare_name(gpu.name.value()) : std::string_view();
  const GraphicsCard* named = of_name(table, name);
  if (named != nullptr && may_have_memory(*named, gpu.memory)) return *named;
  Cards cards = of_pci_id(table, gpu);
  if (cards.empty()) cards = of_words(table, gpu, name);
  keep_those_with_memory(cards, gpu.memory);
  if (cards.empty() && !gpu.name.is_known() && gpu.device_id == 0) {
    return fail(ErrorCode::unknown, "neither its name nor its PCI id is known");
  }
  if (cards.empty()) return fail(ErrorCode::unknown, "it is not in the table of GPUs");
  if (all_alike(cards)) return in_common(cards);
  return fail(ErrorCode::unknown, "it may be " + names_of(cards));
}

}  // namespace assay
