#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/assessment.hpp"
#include "reports/renderer.hpp"

namespace assay {

/// What a piece of text says about the machine; a format that has colours shows it.
enum class Tone { plain, good, warning, bad, faint };

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

struct Column {
  std::string title;
  std::string unit;        // below or behind the title; may be empty
  bool is_number = false;  // aligned to the right
  unsigned give_way = 0;   // left out of a narrow terminal, the highest first; 0: never
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // as many cells as there are columns
};

struct Field {
  std::string label;
  Cell value;
};

/// One part of a report for people: labelled facts, a table and remarks, each of which may be
/// empty.
struct Section {
  std::string title;
  std::vector<Field> fields;
  Table table;
  std::vector<Cell> notes;
};

/// What a report for people says, in order, without the drawing: text, Markdown and HTML draw the
/// same sections. Text from outside is printable.
std::vector<Section> report_sections(const Assessment& assessment);

/// The parts of report_sections, each absent when the assessment holds nothing of it.
std::optional<Section> machine_section(const Assessment& assessment);
std::optional<Section> limits_section(const Assessment& assessment);
std::optional<Section> placed_reads_section(const Assessment& assessment);
std::optional<Section> storage_speed_section(const Assessment& assessment);
std::optional<Section> runs_section(const Assessment& assessment);
std::optional<Section> checks_section(const Assessment& assessment);
std::optional<Section> quality_section(const Assessment& assessment);
std::optional<Section> recommendation_section(const Assessment& assessment);
std::optional<Section> verdicts_section(const Assessment& assessment);
/// One for each of the machine's own GPUs.
std::vector<Section> gpu_recommendation_sections(const Assessment& assessment);

/// Sections as plain text, as a terminal shows them.
std::string draw_sections(std::span<const Section> sections, const RenderOptions& options);

}  // namespace assay
