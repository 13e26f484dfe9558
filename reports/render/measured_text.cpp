#include "reports/measured_text.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/sections.hpp"

namespace assay {
namespace {

constexpr double k_giga = 1e9;

std::string rate_text(const Statistic& rate) {
  return fmt::format("{} GB/s", figure(rate.median / k_giga));
}

}  // namespace

std::optional<Section> placed_reads_section(const Assessment& assessment) {
  if (assessment.micro.placed_reads.empty()) return std::nullopt;
  Section section;
  section.title = "Read bandwidth by place";
  for (const PlacedRead& read : assessment.micro.placed_reads) {
    std::string label = printable(read.cores, 40);
    if (!read.memory.empty()) {
      label += read.memory == read.cores ? ", own memory" : ", " + printable(read.memory, 40);
    }
    section.fields.push_back({label,
                              {fmt::format("{}, {} thread{}", rate_text(read.bytes_per_second),
                                           read.threads, read.threads == 1 ? "" : "s"),
                               Tone::plain}});
  }
  return section;
}

std::optional<Section> storage_speed_section(const Assessment& assessment) {
  if (!assessment.micro.storage) return std::nullopt;
  const StorageSpeed& speed = *assessment.micro.storage;
  Section section;
  section.title = fmt::format("Storage ({} file)", human_bytes(speed.file));
  const std::array<std::pair<const char*, const Fact<Statistic>*>, 4> rates{
      {{"Direct reads", &speed.direct_queue1_bytes_per_second},
       {"Eight at once", &speed.direct_queue8_bytes_per_second},
       {"Cold, mapped", &speed.mapped_cold_bytes_per_second},
       {"From the cache", &speed.warm_bytes_per_second}}};
  for (const auto& [label, rate] : rates) {
    section.fields.push_back(
        {label, rate->is_known() ? Cell{rate_text(rate->value()), Tone::plain}
                                 : Cell{"unknown: " + printable(rate->reason()), Tone::faint}});
  }
  return section;
}

std::string render_measured(const Assessment& assessment, const RenderOptions& options) {
  std::vector<Section> sections;
  for (auto make : {limits_section, placed_reads_section, storage_speed_section}) {
    if (auto section = make(assessment)) sections.push_back(std::move(*section));
  }
  if (sections.empty()) return {};
  sections.front().title += fmt::format(", {}", printable(assessment.started_at, 40));
  return draw_sections(sections, options);
}

}  // namespace assay
