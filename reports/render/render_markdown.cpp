#include <fmt/format.h>

#include "reports/render/formats.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

/// Text that Markdown shows as it is: no links, markup or new table cells come from outside.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\`*[]|~").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

void draw_table(std::string& out, const Table& table) {
  std::string titles = "|";
  std::string rule = "|";
  for (const Column& column : table.columns) {
    titles += fmt::format(" {}{}{} |", escaped(column.title), column.unit.empty() ? "" : " ",
                          escaped(column.unit));
    rule += column.is_number ? "---:|" : "---|";
  }
  out += titles + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    out += "|";
    for (const Cell& cell : row) out += fmt::format(" {} |", escaped(cell.text));
    out += "\n";
  }
  out += "\n";
}

}  // namespace

std::string render_markdown(const Assessment& assessment, const RenderOptions&) {
  std::string out;
  for (const Section& section : report_sections(assessment)) {
    out += fmt::format("{} {}\n\n", out.empty() ? "#" : "##", escaped(section.title));
    for (const Field& field : section.fields) {
      out += fmt::format("- **{}**: {}\n", escaped(field.label), escaped(field.value.text));
    }
    if (!section.fields.empty()) out += "\n";
    if (!section.table.rows.empty()) draw_table(out, section.table);
    for (const Cell& note : section.notes) out += escaped(note.text) + "\n\n";
  }
  if (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace assay
