#include "reports/fleet/csv.hpp"

#include "base/text.hpp"

namespace assay {

std::string csv_cell(std::string_view text) {
  constexpr std::size_t k_most_bytes = 32000;  // a spreadsheet's cell holds 32,767 characters
  constexpr std::string_view k_formula_starts = "=+-@\t\r";
  const bool runs = !text.empty() && k_formula_starts.find(text.front()) != std::string_view::npos;
  std::string safe = printable(text, k_most_bytes);
  if (runs) safe.insert(safe.begin(), '\'');
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char letter : safe) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

std::string csv_row(std::span<const std::string> cells) {
  std::string row;
  for (const std::string& cell : cells) {
    if (&cell != cells.data()) row += ',';
    row += csv_cell(cell);
  }
  return row + "\r\n";
}

}  // namespace assay
