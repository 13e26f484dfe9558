#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

/// "0.0123 (0.011-0.014)": these intervals are not symmetric.
Cell quality_cell(const QualityFigure& value, double factor = 1.0) {
  if (!value.ci95) return {figure(value.value * factor), Tone::plain};
  return {fmt::format("{} ({}-{})", figure(value.value * factor), figure(value.ci95->low * factor),
                      figure(value.ci95->high * factor)),
          Tone::plain};
}

std::string chunks_of(const Quality& quality) {
  return fmt::format("{} tokens, the second halves of {} chunks of {}", quality.scored_tokens,
                     quality.chunks, quality.chunk_tokens);
}

}  // namespace

std::optional<Section> quality_section(const Assessment& assessment) {
  Section section;
  section.title = "Quality, measured";
  section.table.columns = {{"model", "", false, 0},
                           {"format", "", false, 0},
                           {"perplexity", "", true, 0},
                           {"reference", "perplexity", true, 1},
                           {"divergence", "nats, mean", true, 0},
                           {"divergence", "nats, p99", true, 0},
                           {"same first", "choice, %", true, 0}};
  for (const RunResult& run : assessment.runs) {
    if (!run.quality) continue;
    const Quality& quality = *run.quality;
    section.table.rows.push_back({{printable(run.model.id, 60), Tone::plain},
                                  {printable(run.model.format, 20), Tone::plain},
                                  quality_cell(quality.perplexity),
                                  quality_cell(quality.reference_perplexity),
                                  quality_cell(quality.mean_divergence_nats),
                                  quality_cell(quality.p99_divergence_nats),
                                  quality_cell(quality.top1_agreement_ratio, 100.0)});
    section.notes.push_back(
        {fmt::format("{} against {} {}; text: {}; {}; intervals of 95 %{}",
                     printable(run.model.id, 60), printable(quality.reference, 60),
                     printable(quality.reference_format, 20), printable(quality.text, 60),
                     chunks_of(quality), quality.perplexity.ci95 ? "" : " need six chunks"),
         Tone::faint});
  }
  if (section.table.rows.empty()) return std::nullopt;
  return section;
}

}  // namespace assay
