#include "reference-engine/tokenizer/merge_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>

#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_merges = "tokenizer.ggml.merges";

/// A bijection that spreads every bit (the finaliser of MurmurHash3).
std::uint64_t spread(std::uint64_t value) {
  value = (value ^ value >> 33U) * 0xFF51AFD7ED558CCDU;
  value = (value ^ value >> 33U) * 0xC4CEB9FE1A85EC53U;
  return value ^ value >> 33U;
}

}  // namespace

std::size_t MergeTable::slot_of(Symbol left, Symbol right) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = spread(std::uint64_t{left} << 32U | right) & mask;
  while (slots_[at].left != k_no_symbol && (slots_[at].left != left || slots_[at].right != right)) {
    at = (at + 1) & mask;
  }
  return at;
}

Symbol MergeTable::symbol(const Vocabulary& vocabulary, std::string_view text) const {
  if (const auto token = vocabulary.find_any(text)) return *token;
  const auto other = others_.find(text);
  return other ? static_cast<Symbol>(vocabulary.size() + *other) : k_no_symbol;
}

Symbol MergeTable::add_symbol(const Vocabulary& vocabulary, std::string_view text) {
  if (const Symbol known = symbol(vocabulary, text); known != k_no_symbol) return known;
  const auto number = static_cast<std::uint32_t>(others_.size());
  if (!others_.append(text)) return k_no_symbol;
  others_.index(number);
  return static_cast<Symbol>(vocabulary.size() + number);
}

Result<MergeTable> MergeTable::from(const GgufFile& file, const Vocabulary& vocabulary) {
  const auto merges = file.array(k_merges, GgufType::string);
  if (!merges) return pass_on(merges);
  MergeTable table;
  table.slots_.resize(std::bit_ceil(std::max<std::size_t>(64, (*merges)->size() * 2)));
  std::string product;
  for (std::size_t i = 0; i < (*merges)->size(); ++i) {
    const std::string_view merge = (*merges)->text(i);
    const std::size_t space = merge.find(' ', 1);  // the first part may begin with a space
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return file.refuse(k_merges, fmt::format("element {} is '{}' (expected two parts with a "
                                               "space between them)",
                                               i, printable(merge, 60)));
    }
    const Symbol left = table.add_symbol(vocabulary, merge.substr(0, space));
    const Symbol right = table.add_symbol(vocabulary, merge.substr(space + 1));
    product.assign(merge.substr(0, space)).append(merge.substr(space + 1));
    const Symbol joined = table.add_symbol(vocabulary, product);
    if (left == k_no_symbol || right == k_no_symbol || joined == k_no_symbol) {
      return file.refuse(k_merges, "more than 4 GiB of text");
    }
    Slot& slot = table.slots_[table.slot_of(left, right)];
    if (slot.left != k_no_symbol) continue;  // of equal pairs the first counts
    slot = {left, right, {static_cast<std::uint32_t>(i), joined}};
  }
  return table;
}

const MergeTable::Merge* MergeTable::find(Symbol left, Symbol right) const {
  if (left == k_no_symbol || right == k_no_symbol) return nullptr;
  const Slot& slot = slots_[slot_of(left, right)];
  return slot.left == k_no_symbol ? nullptr : &slot.merge;
}

}  // namespace assay
