#include "reports/profile_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

/// Values of all sections, and of all machines with the usual facts, start in one column.
void align_labels(std::vector<Section>& sections) {
  constexpr std::string_view k_usual_longest = "Instructions";
  std::size_t width = k_usual_longest.size();
  for (const Section& section : sections) {
    for (const Field& field : section.fields) width = std::max(width, field.label.size());
  }
  for (Section& section : sections) {
    for (Field& field : section.fields) field.label.resize(width, ' ');
  }
}

}  // namespace

std::string render_profile(const MachineProfile& profile, bool verbose,
                           const RenderOptions& options) {
  std::vector<Section> sections{processor_rows(profile, verbose), memory_rows(profile),
                                accelerator_rows(profile), storage_and_power_rows(profile),
                                system_rows(profile)};
  align_labels(sections);
  if (profile.root != "/" && !profile.root.empty()) {
    Section origin;
    origin.title = fmt::format("A recorded machine: {}", printable(profile.root));
    sections.insert(sections.begin(), std::move(origin));
  }
  if (verbose) sections.push_back(source_rows(profile));
  return draw_sections(sections, options);
}

}  // namespace assay
