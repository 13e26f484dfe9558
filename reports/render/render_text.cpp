#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "reports/render/formats.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

constexpr std::string_view k_gap = "  ";
/// A column of text that has to give way to a narrow terminal keeps so many columns.
constexpr std::size_t k_least_text_width = 10;

std::string_view tone_code(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "\x1b[32m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::faint:
      return "\x1b[2m";
    case Tone::plain:
      break;
  }
  return "";
}

std::string painted(std::string text, std::string_view code, bool color) {
  if (!color || code.empty()) return text;
  return fmt::format("{}{}\x1b[0m", code, text);
}

/// Code points of UTF-8: what a terminal shows, wide characters apart.
std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// The first `width` code points, the last one a dot when something was cut.
std::string cut(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) continue;
    if (++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

/// Breaks at spaces; lines after the first are indented by `indent`.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t needed = text_width(word);
    if (column > indent && column + 1 + needed > width) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += needed;
  }
  return out;
}

/// The columns of a table that are drawn, and how wide each is.
struct Layout {
  std::vector<std::size_t> columns;
  std::vector<std::size_t> widths;

  [[nodiscard]] std::size_t total() const {
    std::size_t sum = k_gap.size() * widths.size();
    for (const std::size_t width : widths) sum += width;
    return sum;
  }
};

Layout natural_layout(const Table& table) {
  Layout layout;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    std::size_t width = std::max(text_width(column.title), text_width(column.unit));
    for (const auto& row : table.rows) width = std::max(width, text_width(row[c].text));
    layout.columns.push_back(c);
    layout.widths.push_back(width);
  }
  return layout;
}

/// Leaves out the columns that may give way, the highest number first, until the rest fits.
void leave_out_columns(const Table& table, Layout& layout, std::size_t available) {
  while (layout.total() > available) {
    std::size_t least = 0;
    for (std::size_t i = 1; i < layout.columns.size(); ++i) {
      const auto rank = [&](std::size_t at) { return table.columns[layout.columns[at]].give_way; };
      if (rank(i) > rank(least)) least = i;
    }
    if (table.columns[layout.columns[least]].give_way == 0) return;
    layout.columns.erase(layout.columns.begin() + static_cast<std::ptrdiff_t>(least));
    layout.widths.erase(layout.widths.begin() + static_cast<std::ptrdiff_t>(least));
  }
}

/// Narrows the widest columns of text; numbers are never cut.
void narrow_columns(const Table& table, Layout& layout, std::size_t available) {
  while (layout.total() > available) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < layout.columns.size(); ++i) {
      const bool may_shrink =
          !table.columns[layout.columns[i]].is_number && layout.widths[i] > k_least_text_width;
      if (may_shrink && (widest == nullptr || layout.widths[i] > *widest)) {
        widest = &layout.widths[i];
      }
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

std::string aligned(const std::string& text, std::size_t width, bool right) {
  const std::string shown = cut(text, width);
  const std::string padding(width - std::min(width, text_width(shown)), ' ');
  return right ? padding + shown : shown + padding;
}

void draw_table(std::string& out, const Table& table, const RenderOptions& options) {
  Layout layout = natural_layout(table);
  leave_out_columns(table, layout, options.width);
  narrow_columns(table, layout, options.width);
  const auto draw_row = [&](auto&& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < layout.columns.size(); ++i) {
      const std::size_t c = layout.columns[i];
      const Cell cell = cell_of(c);
      const std::string text = aligned(cell.text, layout.widths[i], table.columns[c].is_number);
      line += k_gap;
      line += painted(text, tone_code(cell.tone), options.color);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
  };
  draw_row([&](std::size_t c) { return Cell{table.columns[c].title, Tone::faint}; });
  const bool has_units = std::any_of(table.columns.begin(), table.columns.end(),
                                     [](const Column& column) { return !column.unit.empty(); });
  if (has_units) {
    draw_row([&](std::size_t c) { return Cell{table.columns[c].unit, Tone::faint}; });
  }
  for (const auto& row : table.rows) draw_row([&](std::size_t c) { return row[c]; });
}

void draw_section(std::string& out, const Section& section, const RenderOptions& options) {
  out += painted(section.title, "\x1b[1m", options.color) + "\n";
  std::size_t label_width = 0;
  for (const Field& field : section.fields) label_width = std::max(label_width, field.label.size());
  for (const Field& field : section.fields) {
    const std::size_t indent = label_width + 2 * k_gap.size();
    out += fmt::format("{}{:<{}}{}", k_gap, field.label, label_width, k_gap);
    out += painted(wrapped(field.value.text, options.width, indent), tone_code(field.value.tone),
                   options.color) +
           "\n";
  }
  if (!section.table.rows.empty()) draw_table(out, section.table, options);
  for (const Cell& note : section.notes) {
    out += k_gap;
    out += painted(wrapped(note.text, options.width, k_gap.size()), tone_code(note.tone),
                   options.color) +
           "\n";
  }
}

}  // namespace

std::string draw_sections(std::span<const Section> sections, const RenderOptions& options) {
  std::string out;
  for (const Section& section : sections) {
    if (!out.empty()) out += "\n";
    draw_section(out, section, options);
  }
  return out;
}

std::string render_text(const Assessment& assessment, const RenderOptions& options) {
  return draw_sections(report_sections(assessment), options);
}

}  // namespace assay
