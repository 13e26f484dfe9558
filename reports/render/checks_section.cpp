#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "reports/checks_text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

std::string percent(double ratio) { return fmt::format("{:.1f} %", 100.0 * ratio); }
std::string signed_percent(double ratio) { return fmt::format("{:+.1f} %", 100.0 * ratio); }

std::string figure_words(CheckedFigure figure) {
  switch (figure) {
    case CheckedFigure::decode:
      return "decode, tok/s";
    case CheckedFigure::first_token:
      return "first token, s";
    case CheckedFigure::peak_memory:
      return "peak memory";
  }
  return {};
}

std::string amount(CheckedFigure figure_checked, double value) {
  return figure_checked == CheckedFigure::peak_memory
             ? human_bytes(Bytes(static_cast<std::uint64_t>(value)))
             : figure(value);
}

std::string predicted_words(const Check& check) {
  const Estimate& predicted = check.predicted;
  return fmt::format("{} ({}-{})", amount(check.figure, predicted.expected),
                     amount(check.figure, predicted.low), amount(check.figure, predicted.high));
}

std::string model_words(const Check& check) {
  std::string words = printable(check.model, 60);
  if (check.layers < check.full_layers) {
    words += fmt::format(" ({}/{} layers)", check.layers, check.full_layers);
  }
  return words;
}

/// "decode of qwen3-4b in Q4_K_M": how a note names a check.
std::string subject(const Check& check) {
  const std::string words = figure_words(check.figure);
  return fmt::format("{} of {} in {}, {} threads", words.substr(0, words.find(',')),
                     model_words(check), printable(check.format, 20), check.threads);
}

Table checks_table() {
  Table table;
  table.columns = {{"model", "", false, 0},    {"format", "", false, 0},
                   {"threads", "", true, 2},   {"figure", "", false, 0},
                   {"predicted", "", true, 0}, {"measured", "", true, 0},
                   {"error", "", true, 0},     {"in interval", "", false, 1}};
  return table;
}

std::vector<Cell> check_row(const Check& check) {
  const bool within = is_within(check);
  return {{model_words(check), Tone::plain},
          {printable(check.format, 20), Tone::plain},
          {std::to_string(check.threads), Tone::plain},
          {figure_words(check.figure), Tone::plain},
          {predicted_words(check), Tone::plain},
          {amount(check.figure, check.measured), Tone::plain},
          {signed_percent(error_ratio(check)), within ? Tone::plain : Tone::warning},
          {within ? "yes" : "no", within ? Tone::good : Tone::warning}};
}

/// One line about what is not in the table.
std::string seen_words(const std::vector<Check>& checks) {
  const Accuracy accuracy = accuracy_of(checks, 0);
  std::vector<std::string> parts;
  for (const ErrorSummary& one : accuracy.seen) {
    const std::string words = figure_words(one.figure);
    parts.push_back(fmt::format("{} {}", words.substr(0, words.find(',')),
                                percent(one.median_absolute_error_ratio)));
  }
  return fmt::format(
      "the cells that the earlier calibration was made from, measured again: median error {} (the "
      "machine's drift)",
      fmt::join(parts, ", "));
}

/// One row for each figure and name.
Section summary_section(std::string title, const std::vector<ErrorSummary>& summaries,
                        const char* of) {
  Section section;
  section.title = std::move(title);
  const bool named = *of != '\0';
  if (named) section.table.columns.push_back({of, "", false, 0});
  for (const Column& column :
       {Column{"figure", "", false, 0}, Column{"checks", "", true, 0},
        Column{"error", "median", true, 0}, Column{"error", "worst", true, 0},
        Column{"at the same", "limits, median", true, 1}, Column{"in interval", "", true, 0}}) {
    section.table.columns.push_back(column);
  }
  for (const ErrorSummary& one : summaries) {
    std::vector<Cell> row;
    if (named) row.push_back({printable(one.of, 20), Tone::plain});
    const auto& corrected = one.median_absolute_error_ratio_at_same_limits;
    const std::string words = figure_words(one.figure);
    for (const std::string& text :
         {words.substr(0, words.find(',')), std::to_string(one.checks),
          percent(one.median_absolute_error_ratio), percent(one.worst_absolute_error_ratio),
          corrected ? percent(*corrected) : std::string("-"), percent(one.coverage_ratio)}) {
      row.push_back({text, Tone::plain});
    }
    section.table.rows.push_back(std::move(row));
  }
  return section;
}

Section worst_section(const std::vector<Check>& worst) {
  Section section;
  section.title = "Furthest off";
  section.table = checks_table();
  for (const Check& check : worst) {
    section.table.rows.push_back(check_row(check));
    if (check.reasons.empty()) continue;
    section.notes.push_back(
        {printable(fmt::format("{}: {}", subject(check), fmt::join(check.reasons, "; ")), 400),
         Tone::faint});
  }
  return section;
}

/// Memory is checked for each workload of a model; the one that needs most says it all.
bool is_outdone(const Check& check, const std::vector<Check>& checks) {
  if (check.figure != CheckedFigure::peak_memory) return false;
  return std::ranges::any_of(checks, [&check](const Check& other) {
    return other.figure == check.figure && other.model == check.model &&
           other.format == check.format && other.layers == check.layers &&
           other.threads == check.threads &&
           (other.predicted.expected > check.predicted.expected ||
            (other.predicted.expected == check.predicted.expected && &other > &check));
  });
}

}  // namespace

std::optional<Section> checks_section(const Assessment& assessment) {
  Section section;
  section.title = "Predicted before, and measured";
  section.table = checks_table();
  std::size_t seen = 0;
  for (const Check& check : assessment.checks) {
    if (check.seen) ++seen;
    if (check.seen || is_outdone(check, assessment.checks)) continue;
    section.table.rows.push_back(check_row(check));
    if (is_within(check) || check.reasons.empty()) continue;
    section.notes.push_back(
        {printable(fmt::format("{}: {}", subject(check), fmt::join(check.reasons, "; ")), 400),
         Tone::warning});
  }
  if (section.table.rows.empty() && seen == 0) return std::nullopt;
  if (seen > 0) section.notes.push_back({seen_words(assessment.checks), Tone::faint});
  section.notes.push_back(
      {"error: + means that more was predicted than measured; the running error of this machine: "
       "`assay accuracy`",
       Tone::faint});
  return section;
}

std::string render_checks(const Assessment& assessment, const RenderOptions& options) {
  const auto section = checks_section(assessment);
  return section ? draw_sections({&*section, 1}, options) : std::string();
}

std::string render_accuracy(const Accuracy& accuracy, const RenderOptions& options) {
  std::vector<Section> sections;
  const auto add = [&sections](const char* title, const std::vector<ErrorSummary>& summaries,
                               const char* of) {
    if (!summaries.empty()) sections.push_back(summary_section(title, summaries, of));
  };
  add("Predictions of what the calibration had not seen", accuracy.unseen, "");
  add("The calibration's own cells, measured again later: the machine's drift", accuracy.seen, "");
  add("By format", accuracy.by_format, "format");
  add("By threads", accuracy.by_threads, "threads");
  if (!accuracy.worst.empty()) sections.push_back(worst_section(accuracy.worst));
  return draw_sections(sections, options);
}

}  // namespace assay
