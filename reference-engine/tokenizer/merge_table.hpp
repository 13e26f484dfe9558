#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/tokenizer/text_table.hpp"
#include "reference-engine/tokenizer/vocabulary.hpp"

namespace assay {

/// A text that merges know: tokens have their own number, other texts the numbers behind them.
using Symbol = std::uint32_t;
constexpr Symbol k_no_symbol = std::numeric_limits<Symbol>::max();

/// The pairs of a byte-pair vocabulary that may be joined, in their order.
class MergeTable {
 public:
  struct Merge {
    std::uint32_t rank;  // lower ones come first
    Symbol product;
  };

  /// Errors: refused_input for a missing list, and for an element that is not two texts.
  static Result<MergeTable> from(const GgufFile& file, const Vocabulary& vocabulary);
  /// Nothing (null) for a pair that is not to be joined.
  [[nodiscard]] const Merge* find(Symbol left, Symbol right) const;
  /// k_no_symbol for a text that neither tokens nor merges know.
  [[nodiscard]] Symbol symbol(const Vocabulary& vocabulary, std::string_view text) const;

 private:
  struct Slot {
    Symbol left = k_no_symbol;  // where the slot is free
    Symbol right = k_no_symbol;
    Merge merge{};
  };
  [[nodiscard]] std::size_t slot_of(Symbol left, Symbol right) const;
  Symbol add_symbol(const Vocabulary& vocabulary, std::string_view text);

  std::vector<Slot> slots_;  // a power of two of them, at most half in use
  TextTable others_;         // texts that are no tokens
};

}  // namespace assay
