#include "reports/render/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace assay {
namespace {

/// What a reader has to know before any figure.
std::optional<Section> warnings_section(const Assessment& assessment) {
  Section section;
  section.title = "Take note";
  if (assessment.partial) {
    section.notes.push_back({"interrupted: this result is partial", Tone::warning});
  }
  for (const std::string& skipped : assessment.skipped) {
    section.notes.push_back({"skipped: " + printable(skipped), Tone::warning});
  }
  if (section.notes.empty()) return std::nullopt;
  return section;
}

Section run_section(const Assessment& assessment) {
  Section section;
  std::string command = printable(assessment.command, 40);
  if (!assessment.environment.suite.empty()) {
    command += " (suite " + printable(assessment.environment.suite, 40) + ")";
  }
  section.title = fmt::format("Assay {}: {}", printable(assessment.tool.version, 40), command);
  section.fields = {{"Started", {printable(assessment.started_at, 40), Tone::plain}},
                    {"Run", {printable(assessment.run_id, 40), Tone::plain}}};
  const Fact<double>& duration = assessment.environment.duration_seconds;
  if (duration.is_known()) {
    section.fields.push_back({"Took", {fmt::format("{:.0f} s", duration.value()), Tone::plain}});
  }
  return section;
}

}  // namespace

std::vector<Section> report_sections(const Assessment& assessment) {
  std::vector<Section> sections{run_section(assessment)};
  // Recommendations come last: they are what is still on the screen at the end.
  for (auto make : {machine_section, limits_section, placed_reads_section, storage_speed_section,
                    runs_section, quality_section, checks_section, warnings_section,
                    verdicts_section, recommendation_section}) {
    if (auto section = make(assessment)) sections.push_back(std::move(*section));
  }
  std::ranges::move(gpu_recommendation_sections(assessment), std::back_inserter(sections));
  return sections;
}

}  // namespace assay
