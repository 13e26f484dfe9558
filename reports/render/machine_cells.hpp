#pragma once

#include <fmt/format.h>

#include <string>

#include "base/fact.hpp"
#include "base/text.hpp"
#include "probes/machine_profile.hpp"
#include "reports/render/sections.hpp"

namespace assay {

/// A fact that is not known, in words: "none" when the machine does not have it.
template <typename T>
Cell missing(const Fact<T>& fact) {
  if (fact.state() == FactState::absent) return {"none", Tone::plain};
  return {fmt::format("unknown ({})", printable(fact.reason(), 120)), Tone::faint};
}

Cell text_cell(const Fact<std::string>& fact);
/// "6 cores, 12 threads (4 performance + 2 efficiency)"; the threads must be known.
std::string core_counts(const CpuProfile& cpu);
/// "6 cores, 12 threads (4 performance + 2 efficiency), 8 usable"
Cell cores_cell(const CpuProfile& cpu);
/// The instruction sets that decide how fast a model runs.
Cell isa_cell(const CpuProfile& cpu);
/// Data caches with their instances.
Cell caches_cell(const CpuProfile& cpu);

}  // namespace assay
