#include "reports/render/machine_cells.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "reports/render/figures.hpp"

namespace assay {
namespace {

/// The instruction sets that decide how fast a model runs; a report names these only.
constexpr std::array<std::string_view, 20> k_isa_that_matters{
    "avx",         "avx2",        "fma",         "f16c",     "avx_vnni", "avx512f", "avx512bw",
    "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16", "asimd",   "asimdhp",
    "asimddp",     "i8mm",        "bf16",        "sve",      "sve2",     "sme"};

/// "32 KiB", "1.25 MiB": cache sizes are short binary fractions.
std::string cache_size(Bytes bytes) {
  const double kibibytes = static_cast<double>(bytes.value) / 1024.0;
  return kibibytes < 1024.0 ? fmt::format("{:.4g} KiB", kibibytes)
                            : fmt::format("{:.4g} MiB", kibibytes / 1024.0);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

Cell text_cell(const Fact<std::string>& fact) {
  return fact.is_known() ? Cell{printable(fact.value()), Tone::plain} : missing(fact);
}

std::string core_counts(const CpuProfile& cpu) {
  std::string text;
  if (cpu.physical_cores.is_known()) text = counted(cpu.physical_cores.value(), "core") + ", ";
  text += counted(cpu.logical_cores.value_or(0), "thread");
  if (cpu.core_types.is_known() && cpu.core_types.value().size() > 1) {
    std::vector<std::string> kinds;
    for (const CoreType& type : cpu.core_types.value()) {
      std::string kind = printable(type.kind, 30);
      std::replace(kind.begin(), kind.end(), '_', '-');
      kinds.push_back(fmt::format("{} {}", type.cores, kind));
    }
    text += fmt::format(" ({})", fmt::join(kinds, " + "));
  }
  return text;
}

Cell cores_cell(const CpuProfile& cpu) {
  if (!cpu.logical_cores.is_known()) return missing(cpu.logical_cores);
  std::string text = core_counts(cpu);
  if (cpu.usable_cpus.is_known() && cpu.usable_cpus.value() < cpu.logical_cores.value()) {
    text += fmt::format(", {} usable", cpu.usable_cpus.value());
  }
  return {text, Tone::plain};
}

Cell isa_cell(const CpuProfile& cpu) {
  if (!cpu.isa.is_known()) return missing(cpu.isa);
  std::vector<std::string_view> found;
  for (const std::string_view name : k_isa_that_matters) {
    const auto& all = cpu.isa.value();
    if (std::find(all.begin(), all.end(), name) != all.end()) found.push_back(name);
  }
  if (found.empty()) return {"none that speeds models up", Tone::warning};
  return {fmt::format("{}", fmt::join(found, " ")), Tone::plain};
}

Cell caches_cell(const CpuProfile& cpu) {
  if (!cpu.caches.is_known()) return missing(cpu.caches);
  std::string text;
  std::uint32_t level = 0;
  for (const CacheLevel& cache : cpu.caches.value()) {
    if (cache.type == "instruction") continue;
    // Kinds of core differ in their caches: "L2 1.25 MiB x6 + 2 MiB x2".
    if (cache.level == level) {
      text += " + ";
    } else {
      text += fmt::format("{}L{} ", text.empty() ? "" : ", ", cache.level);
    }
    level = cache.level;
    text += cache_size(cache.bytes);
    if (cache.instances > 1) text += fmt::format(" x{}", cache.instances);
  }
  return {text, Tone::plain};
}

}  // namespace assay
