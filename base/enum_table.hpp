#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace assay {

/// The one table that maps an enumeration to its text and back.
/// Usage: `inline constexpr EnumTable<Verdict, 2> k_verdict_names{{{{Verdict::ok, "ok"},
/// {Verdict::no, "no"}}}};`
template <typename Enum, std::size_t Count>
struct EnumTable {
  struct Row {
    Enum value;
    std::string_view name;
  };
  std::array<Row, Count> rows;

  /// The name of a value, or an empty text when the table lacks it (the round-trip test forbids
  /// that).
  [[nodiscard]] constexpr std::string_view name(Enum value) const {
    for (const Row& row : rows) {
      if (row.value == value) return row.name;
    }
    return {};
  }
  [[nodiscard]] constexpr std::optional<Enum> value(std::string_view name) const {
    for (const Row& row : rows) {
      if (row.name == name) return row.value;
    }
    return std::nullopt;
  }
};

}  // namespace assay
