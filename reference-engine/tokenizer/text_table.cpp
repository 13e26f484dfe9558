#include "reference-engine/tokenizer/text_table.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <utility>

namespace assay {
namespace {

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }
std::uint32_t upper_half(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }

}  // namespace

bool TextTable::append(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max() - bytes_.size()) return false;
  bytes_ += text;
  ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  return true;
}

const TextTable::Slot& TextTable::slot_of(std::string_view text, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.number == 0) return slot;
    if (slot.hash == upper_half(hash) && this->text(slot.number - 1) == text) return slot;
  }
}

void TextTable::index(std::uint32_t number) {
  if ((indexed_ + 1) * 2 > slots_.size()) grow(std::max<std::size_t>(64, slots_.size() * 2));
  const std::string_view own = text(number);
  const std::uint64_t hash = hash_of(own);
  const Slot& found = slot_of(own, hash);
  if (found.number != 0) return;
  slots_[static_cast<std::size_t>(&found - slots_.data())] = {upper_half(hash), number + 1};
  ++indexed_;
  longest_ = std::max(longest_, own.size());
}

std::optional<std::uint32_t> TextTable::find(std::string_view text) const {
  if (slots_.empty() || text.size() > longest_) return std::nullopt;
  const Slot& slot = slot_of(text, hash_of(text));
  if (slot.number == 0) return std::nullopt;
  return slot.number - 1;
}

void TextTable::reserve(std::size_t texts) {
  ends_.reserve(texts);
  if (texts * 2 > slots_.size()) grow(std::bit_ceil(texts * 2));
}

void TextTable::grow(std::size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  for (const Slot& slot : old) {
    if (slot.number == 0) continue;
    const std::string_view own = text(slot.number - 1);
    const Slot& free = slot_of(own, hash_of(own));
    slots_[static_cast<std::size_t>(&free - slots_.data())] = slot;
  }
}

}  // namespace assay
