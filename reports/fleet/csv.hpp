#pragma once

#include <span>
#include <string>
#include <string_view>

namespace assay {

/// One cell of RFC 4180: quoted where commas, quotes or line ends ask for it. Text that a
/// spreadsheet would run as a formula (it begins with = + - @, tab or carriage return) gets an
/// apostrophe in front. Control bytes are escaped as in printable().
std::string csv_cell(std::string_view text);
/// Cells, joined by commas, with the line end of RFC 4180.
std::string csv_row(std::span<const std::string> cells);

}  // namespace assay
