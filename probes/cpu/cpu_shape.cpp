#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "probes/cpu/arm_registers.hpp"
#include "probes/cpu/cpu_clocks.hpp"
#include "probes/cpu/cpu_sections.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/cpu/cpuid_topology.hpp"
#include "probes/cpu/libcpuid_opinion.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/topology/hwloc_topology.hpp"
#include "probes/topology/sysfs_files.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

/// What the sources say about the machine's shape, best first.
struct Shapes {
  std::optional<Topology> best;
  std::optional<Topology> cpuid;
  std::optional<LibcpuidOpinion> libcpuid;
  std::string reason;  // why there is no best one
};

Shapes look_at_shape(const HostView& host) {
  Shapes shapes;
  if (const CpuidSource* source = usable_cpuid(host)) {
    shapes.cpuid = cpuid_topology(*source);
    if (auto opinion = libcpuid_opinion(*source, source->cpus.front())) {
      shapes.libcpuid = std::move(*opinion);
    }
  }
  auto hwloc = load_hwloc_topology(host);
  if (hwloc && !hwloc->cpus.empty()) {
    shapes.best = std::move(*hwloc);
    return shapes;
  }
  shapes.best = sysfs_topology(host);
  if (shapes.best && !hwloc) {
    shapes.best->source += fmt::format(" (without hwloc: {})", hwloc.error().message);
  }
  if (!shapes.best) shapes.best = shapes.cpuid;
  const bool is_arm = host.cpuid() && !host.cpuid()->arm_registers.empty();
  if (!shapes.best && is_arm) shapes.best = arm_topology(host.cpuid()->arm_registers);
  if (!shapes.best) {
    shapes.reason = fmt::format("{}, and no CPUID recording was given",
                                hwloc ? "hwloc found no CPU" : hwloc.error().message);
  }
  return shapes;
}

/// What our decoder counts beside the source that decides.
std::string cpuid_agreement(const Shapes& shapes) {
  const Topology& best = *shapes.best;
  if (!shapes.cpuid || shapes.cpuid->source == best.source) return {};
  const std::size_t asked = shapes.cpuid->cpus.size();
  if (asked < best.cpus.size()) {
    return fmt::format(" (CPUID was asked on {} of its {} CPUs)", asked, best.cpus.size());
  }
  if (shapes.cpuid->core_count() == best.core_count() && asked == best.cpus.size()) {
    return ", CPUID agrees";
  }
  return fmt::format(" (CPUID counts {} cores, {} threads)", shapes.cpuid->core_count(), asked);
}

/// The third opinion. One CPU speaks for its package there, so it says nothing about processors of
/// several kinds.
std::string libcpuid_agreement(const Shapes& shapes, bool hybrid) {
  if (!shapes.libcpuid || hybrid) return {};
  const Topology& best = *shapes.best;
  const std::uint32_t packages = std::max(best.package_count(), 1U);
  const auto fits = [packages](std::uint32_t theirs, std::uint32_t ours) {
    return theirs == ours || theirs * packages == ours;
  };
  const LibcpuidOpinion& theirs = *shapes.libcpuid;
  if (fits(theirs.cores, best.core_count()) &&
      fits(theirs.threads, static_cast<std::uint32_t>(best.cpus.size()))) {
    return ", libcpuid agrees";
  }
  return fmt::format(" (libcpuid counts {} cores, {} threads)", theirs.cores, theirs.threads);
}

bool covers(const CoreKinds& kinds, const Topology& topology) {
  return std::all_of(topology.cpus.begin(), topology.cpus.end(),
                     [&](const CpuPlace& place) { return kinds.kind_of.contains(place.cpu); });
}

/// hwloc's groups, weakest first: by frequency and capacity on the version we use, so they serve
/// only where nothing better is known.
std::optional<CoreKinds> kinds_by_hwloc(const Topology& topology) {
  const std::size_t count = topology.kinds.size();
  if (count < 2) return std::nullopt;
  CoreKinds kinds;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view kind =
        i + 1 == count ? "performance" : (i == 0 ? "efficiency" : "middle");
    for (const unsigned cpu : topology.kinds[i]) kinds.kind_of[cpu] = std::string(kind);
  }
  kinds.source = "hwloc, by frequency";
  return kinds;
}

std::optional<CoreKinds> best_kinds(const HostView& host, const Topology& topology) {
  std::optional<CoreKinds> by_cpuid;
  if (const CpuidSource* source = usable_cpuid(host)) {
    by_cpuid = cpuid_core_kinds(*source);
    if (by_cpuid && covers(*by_cpuid, topology)) return by_cpuid;
  }
  if (auto kinds = sysfs_core_kinds(host); kinds && covers(*kinds, topology)) return kinds;
  if (by_cpuid) {
    by_cpuid->source += ", of the CPUs that could be asked";
    return by_cpuid;
  }
  if (usable_cpuid(host) != nullptr) return std::nullopt;  // one kind, by the processor's own word
  return kinds_by_hwloc(topology);
}

void describe_core_types(const HostView& host, const Topology& topology, CpuProfile& cpu) {
  CoreKinds kinds;
  if (auto found = best_kinds(host, topology)) {
    kinds = std::move(*found);
  } else {
    kinds.source = "one kind of core";
    for (const CpuPlace& place : topology.cpus) kinds.kind_of[place.cpu] = "uniform";
  }
  std::vector<CoreType> types = count_core_types(topology, kinds);
  const CpuClocks clocks = read_clocks(host);
  for (CoreType& type : types) {
    for (const CpuPlace& place : topology.cpus) {
      if (types.size() > 1 && !is_of_type(kinds, place.cpu, type)) continue;
      const auto clock = clocks.of.find(place.cpu);
      if (clock == clocks.of.end()) continue;
      type.max_frequency_hertz = std::max(type.max_frequency_hertz, clock->second.max_hertz);
      type.base_frequency_hertz = std::max(type.base_frequency_hertz, clock->second.base_hertz);
    }
  }
  cpu.core_types = Fact<std::vector<CoreType>>::known(std::move(types), kinds.source);
}

// Arm parts that can run several threads a core; /proc/cpuinfo does not tell threads from cores.
// Source: the parts' technical reference manuals.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_threaded_arm_parts{{
    {"0x41", "0xd06"},  // Cortex-A65
    {"0x41", "0xd43"},  // Cortex-A65AE
    {"0x41", "0xd4a"},  // Neoverse E1
    {"0x43", "0x0af"},  // ThunderX2
    {"0x43", "0x0b8"},  // ThunderX3
}};

/// Cores by the blocks of an Arm machine's /proc/cpuinfo: one each, for lack of any other word.
void count_arm_cores(const HostView& host, const ProcCpuinfo& info, CpuProfile& cpu) {
  const auto implementer = info.find("CPU implementer");
  const auto part = info.find("CPU part");
  if (!implementer || !part) return;
  if (std::find(k_threaded_arm_parts.begin(), k_threaded_arm_parts.end(),
                std::pair<std::string_view, std::string_view>(*implementer, *part)) !=
      k_threaded_arm_parts.end()) {
    return;
  }
  const std::string from = "/proc/cpuinfo, one thread a core";
  cpu.physical_cores =
      Fact<std::uint32_t>::known(static_cast<std::uint32_t>(info.processors.size()), from);
  Topology topology;
  topology.source = from;
  for (const ProcCpuinfo::Processor& processor : info.processors) {
    topology.cpus.push_back({processor.number, processor.number, 0});
  }
  describe_core_types(host, topology, cpu);
}

/// /proc/cpuinfo as the last resort for counts: blocks are logical CPUs.
void count_by_cpuinfo(const HostView& host, const std::string& reason, CpuProfile& cpu) {
  cpu.packages = cpu.numa_nodes = cpu.physical_cores = cpu.logical_cores =
      Fact<std::uint32_t>::unknown(reason);
  cpu.core_types = Fact<std::vector<CoreType>>::unknown(reason);
  cpu.memory_nodes = Fact<std::vector<MemoryNode>>::unknown(reason);
  if (host.cpuid() && !host.cpuid()->arm_registers.empty()) {
    cpu.logical_cores =
        Fact<std::uint32_t>::known(static_cast<std::uint32_t>(host.cpuid()->arm_registers.size()),
                                   "CPUs of the recording, which have the same MPIDR_EL1");
    return;
  }
  const auto text = host.read_text("/proc/cpuinfo", std::size_t{16} << 20U);
  if (!text) return;
  const ProcCpuinfo info = parse_proc_cpuinfo(*text);
  if (info.processors.empty()) return;
  const std::string from = "/proc/cpuinfo";
  cpu.logical_cores =
      Fact<std::uint32_t>::known(static_cast<std::uint32_t>(info.processors.size()), from);
  std::set<std::pair<std::string, std::string>> cores;
  std::set<std::string> packages;
  for (const ProcCpuinfo::Processor& processor : info.processors) {
    const auto package = processor.fields.find("physical id");
    const auto core = processor.fields.find("core id");
    if (package == processor.fields.end() || core == processor.fields.end()) {
      count_arm_cores(host, info, cpu);
      return;
    }
    cores.emplace(package->second, core->second);
    packages.insert(package->second);
  }
  cpu.physical_cores = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(cores.size()), from);
  cpu.packages = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(packages.size()), from);
}

void describe_caches(const Shapes& shapes, CpuProfile& cpu) {
  using Caches = std::vector<CacheLevel>;
  if (shapes.best && !shapes.best->caches.empty()) {
    cpu.caches = Fact<Caches>::known(shapes.best->caches, shapes.best->source);
  } else if (shapes.cpuid && !shapes.cpuid->caches.empty()) {
    cpu.caches = Fact<Caches>::known(shapes.cpuid->caches, shapes.cpuid->source);
  } else {
    cpu.caches = Fact<Caches>::unknown("neither /sys nor CPUID lists caches");
  }
  const auto& opinion = shapes.libcpuid;
  if (!opinion || opinion->caches.empty()) return;
  if (!cpu.caches.is_known()) {
    cpu.caches = Fact<Caches>::known(opinion->caches, "libcpuid");
    return;
  }
  std::string differing;
  for (const CacheLevel& theirs : opinion->caches) {
    const bool same = std::any_of(cpu.caches.value().begin(), cpu.caches.value().end(),
                                  [&theirs](const CacheLevel& ours) {
                                    return ours.level == theirs.level && ours.type == theirs.type &&
                                           ours.bytes == theirs.bytes;
                                  });
    if (!same) {
      differing += fmt::format("{}level {} {} {} KiB", differing.empty() ? "" : ", ", theirs.level,
                               theirs.type, theirs.bytes.value / 1024);
    }
  }
  cpu.caches = Fact<Caches>::known(
      cpu.caches.value(),
      cpu.caches.source() +
          (differing.empty() ? ", libcpuid agrees" : fmt::format(" (libcpuid: {})", differing)));
}

void describe_nodes(const Topology& best, CpuProfile& cpu) {
  using Nodes = std::vector<MemoryNode>;
  if (best.nodes.empty()) {
    cpu.numa_nodes = Fact<std::uint32_t>::unknown("CPUID does not count memory nodes");
    cpu.memory_nodes = Fact<Nodes>::unknown("neither hwloc nor /sys lists memory nodes");
    return;
  }
  cpu.numa_nodes =
      Fact<std::uint32_t>::known(static_cast<std::uint32_t>(best.nodes.size()), best.source);
  cpu.memory_nodes = Fact<Nodes>::known(best.nodes, best.source);
}

void describe_smt(const HostView& host, CpuProfile& cpu) {
  using Flag = Fact<bool>;
  const std::string path = fmt::format("{}/smt/active", k_cpu_folder);
  const auto active = read_sysfs(host, path);
  if (active == "0" || active == "1") {
    cpu.smt_active = Flag::known(active == "1", path);
  } else if (cpu.logical_cores.is_known() && cpu.physical_cores.is_known()) {
    cpu.smt_active = Flag::known(cpu.logical_cores.value() > cpu.physical_cores.value(),
                                 cpu.logical_cores.source());
  } else {
    cpu.smt_active = Flag::unknown("neither /sys nor the counts tell");
  }
}

}  // namespace

void describe_cpu_shape(const HostView& host, CpuProfile& cpu) {
  using Count = Fact<std::uint32_t>;
  const Shapes shapes = look_at_shape(host);
  describe_caches(shapes, cpu);
  if (!shapes.best) {
    count_by_cpuinfo(host, shapes.reason, cpu);
    describe_smt(host, cpu);
    return;
  }
  const Topology& best = *shapes.best;
  describe_core_types(host, best, cpu);
  const std::string from = best.source + cpuid_agreement(shapes) +
                           libcpuid_agreement(shapes, cpu.core_types.value_or({}).size() > 1);
  cpu.packages = Count::known(best.package_count(), from);
  cpu.physical_cores = Count::known(best.core_count(), from);
  cpu.logical_cores = Count::known(static_cast<std::uint32_t>(best.cpus.size()), from);
  describe_nodes(best, cpu);
  describe_smt(host, cpu);
  if (!cpu.brand.is_known() && best.processor_name) {
    cpu.brand = Fact<std::string>::known(*best.processor_name, best.source);
  }
}

}  // namespace assay
