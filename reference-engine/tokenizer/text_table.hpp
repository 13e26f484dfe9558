#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Texts with the numbers 0, 1, 2, ... and a way back from a text to its number.
class TextTable {
 public:
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// Requires number < size().
  [[nodiscard]] std::string_view text(std::uint32_t number) const {
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(bytes_).substr(begin, ends_[number] - begin);
  }
  /// Longest text that find() may give.
  [[nodiscard]] std::size_t longest() const { return longest_; }

  /// Takes the next number; find() does not know the text yet. False when the table is full (4
  /// GiB).
  bool append(std::string_view text);
  /// From now on find() gives this number for its text, unless an equal text has come before.
  void index(std::uint32_t number);
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const;
  /// Room for this many texts without another allocation.
  void reserve(std::size_t texts);

 private:
  struct Slot {
    std::uint32_t hash = 0;    // the upper half of the text's: most that differ are told apart here
    std::uint32_t number = 0;  // of the text, plus 1; 0 where the slot is free
  };
  [[nodiscard]] const Slot& slot_of(std::string_view text, std::uint64_t hash) const;
  void grow(std::size_t slots);

  std::string bytes_;
  std::vector<std::uint32_t> ends_;  // where each text ends in bytes_
  std::vector<Slot> slots_;          // a power of two of them, at most half in use
  std::size_t indexed_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace assay
