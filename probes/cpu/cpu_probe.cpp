#include "probes/cpu/cpu_probe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/cpu/cpuid_topology.hpp"
#include "probes/cpu/isa_features.hpp"
#include "probes/cpu/libcpuid_opinion.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/topology/hwloc_topology.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

using Words = std::vector<std::string>;

template <typename T>
Fact<T> known_or(const std::optional<T>& value, std::string source, std::string reason) {
  return value ? Fact<T>::known(*value, std::move(source)) : Fact<T>::unknown(std::move(reason));
}

/// The CPUID source when it can answer anything.
const CpuidSource* usable_cpuid(const HostView& host) {
  return host.cpuid() && !host.cpuid()->cpus.empty() ? &*host.cpuid() : nullptr;
}

void identify_by_cpuid(const CpuidSource& source, CpuProfile& cpu) {
  const CpuidLeaves leaves(source, source.cpus.front());
  cpu.vendor = known_or<std::string>(cpuid_vendor(leaves), "CPUID leaf 0",
                                     "CPUID leaf 0 is not in the recording");
  cpu.brand = known_or<std::string>(cpuid_brand(leaves), "CPUID leaves 0x80000002 to 4",
                                    "the processor has no brand string");
  const auto signature = cpuid_signature(leaves);
  if (!signature) return;
  const std::string from = "CPUID leaf 1";
  cpu.family = Fact<std::uint32_t>::known(signature->family, from);
  cpu.model = Fact<std::uint32_t>::known(signature->model, from);
  cpu.stepping = Fact<std::uint32_t>::known(signature->stepping, from);
}

void note_levels(const IsaSet& set, const std::string& from, CpuProfile& cpu) {
  const unsigned level = x86_64_level(set);
  cpu.isa_level = level == 0 ? Fact<std::uint32_t>::absent(from + ": no 64-bit mode")
                             : Fact<std::uint32_t>::known(level, from);
}

/// The intersection over the CPUs that the source can ask: live, those of the affinity mask.
void decode_isa_by_cpuid(const CpuidSource& source, CpuProfile& cpu) {
  std::optional<IsaSet> common;
  bool subleaf_missing = false;
  for (const unsigned id : source.cpus) {
    const auto set = decode_isa(source, id);
    if (!set) continue;
    common = common ? (*common & *set) : *set;
    const CpuidLeaves leaves(source, id);
    const auto seven = leaves.find(7);
    subleaf_missing = subleaf_missing || (seven && seven->eax > 0 && !leaves.find(7, 1));
  }
  if (!common) {
    cpu.isa = Fact<Words>::unknown("CPUID leaf 1 is not in the recording");
    cpu.isa_level = Fact<std::uint32_t>::unknown(cpu.isa.reason());
    return;
  }
  std::string from = fmt::format(
      "CPUID of {} logical CPU{}, {}", source.cpus.size(), source.cpus.size() == 1 ? "" : "s",
      source.xcr0() ? "XCR0" : "XCR0 not recorded: taken as all enabled");
  if (subleaf_missing) from += "; leaf 7 sub-leaf 1 not recorded: avx_vnni, avx512_bf16 may lack";
  cpu.isa = Fact<Words>::known(isa_names(*common), from);
  note_levels(*common, from, cpu);
}

void identify_arm(const ProcCpuinfo& info, CpuProfile& cpu) {
  const std::string from = "/proc/cpuinfo";
  const auto hexadecimal = [&info](std::string_view key) -> std::optional<std::uint32_t> {
    return parse_hexadecimal<std::uint32_t>(info.find(key).value_or(""));
  };
  const auto implementer = hexadecimal("CPU implementer");
  if (!implementer) return;
  const auto vendor = arm_implementer_name(*implementer);
  cpu.vendor = Fact<std::string>::known(
      vendor ? *vendor : fmt::format("implementer 0x{:02x}", *implementer), from);
  std::vector<std::string> parts;
  for (const ProcCpuinfo::Processor& processor : info.processors) {
    const auto field = processor.fields.find("CPU part");
    if (field == processor.fields.end()) continue;
    const auto part = parse_hexadecimal<std::uint32_t>(field->second);
    if (!part) continue;
    const std::string name =
        arm_part_name(*implementer, *part).value_or(fmt::format("part 0x{:03x}", *part));
    if (std::find(parts.begin(), parts.end(), name) == parts.end()) parts.push_back(name);
  }
  if (parts.empty()) {
    if (const auto part = hexadecimal("CPU part")) {
      parts.push_back(
          arm_part_name(*implementer, *part).value_or(fmt::format("part 0x{:03x}", *part)));
    }
  }
  if (!parts.empty()) {
    cpu.brand = Fact<std::string>::known(fmt::format("{}", fmt::join(parts, " + ")), from);
  }
  const Words words = info.shared_words("Features");
  if (!words.empty()) cpu.isa = Fact<Words>::known(words, from + " Features");
  cpu.isa_level = Fact<std::uint32_t>::absent("not an x86 processor");
}

void identify_by_cpuinfo(const ProcCpuinfo& info, CpuProfile& cpu) {
  const std::string from = "/proc/cpuinfo";
  const auto number = [&info](std::string_view key) {
    const auto text = info.find(key);
    return text ? parse_number<std::uint32_t>(*text) : std::nullopt;
  };
  const std::string lacks = "/proc/cpuinfo does not say";
  if (info.find("flags")) {
    cpu.vendor = known_or(info.find("vendor_id"), from, lacks);
    cpu.brand = known_or(info.find("model name"), from, lacks);
    cpu.family = known_or(number("cpu family"), from, lacks);
    cpu.model = known_or(number("model"), from, lacks);
    cpu.stepping = known_or(number("stepping"), from, lacks);
    const Words words = info.shared_words("flags");
    const IsaSet set = isa_from_flags(fmt::format("{}", fmt::join(words, " ")));
    cpu.isa = Fact<Words>::known(isa_names(set), from + " flags");
    note_levels(set, from + " flags", cpu);
    return;
  }
  identify_arm(info, cpu);
  if (!cpu.brand.is_known()) {
    for (const std::string_view key : {"model name", "cpu", "Processor", "Hardware"}) {
      if (const auto name = info.find(key)) {
        cpu.brand = Fact<std::string>::known(*name, from);
        return;
      }
    }
  }
}

void identify(const HostView& host, CpuProfile& cpu) {
  if (const CpuidSource* source = usable_cpuid(host)) {
    identify_by_cpuid(*source, cpu);
    decode_isa_by_cpuid(*source, cpu);
    return;
  }
  const auto text = host.read_text("/proc/cpuinfo", std::size_t{16} << 20U);
  const std::string reason = host.is_live() ? "" : "no CPUID recording was given, and ";
  const std::string lacks = reason + (text ? "/proc/cpuinfo does not say" : text.error().reason);
  cpu.vendor = cpu.brand = Fact<std::string>::unknown(lacks);
  cpu.family = cpu.model = cpu.stepping = cpu.isa_level = Fact<std::uint32_t>::unknown(lacks);
  cpu.isa = Fact<Words>::unknown(lacks);
  if (text) identify_by_cpuinfo(parse_proc_cpuinfo(*text), cpu);
}

/// What the sources say about the machine's shape, best first.
struct Shapes {
  std::optional<Topology> best;
  std::optional<Topology> cpuid;
  std::string reason;  // why there is no best one
};

Shapes look_at_shape(const HostView& host) {
  Shapes shapes;
  if (const CpuidSource* source = usable_cpuid(host)) shapes.cpuid = cpuid_topology(*source);
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
  if (!shapes.best) {
    shapes.reason = fmt::format("{}, and no CPUID recording was given",
                                hwloc ? "hwloc found no CPU" : hwloc.error().message);
  }
  return shapes;
}

std::string agreement(const Shapes& shapes) {
  const Topology& best = *shapes.best;
  if (!shapes.cpuid || shapes.cpuid->source == best.source) return best.source;
  if (shapes.cpuid->core_count() == best.core_count() &&
      shapes.cpuid->cpus.size() == best.cpus.size()) {
    return best.source + ", CPUID agrees";
  }
  return fmt::format("{} (CPUID counts {} cores, {} threads)", best.source,
                     shapes.cpuid->core_count(), shapes.cpuid->cpus.size());
}

/// /proc/cpuinfo as the last resort for counts: blocks are logical CPUs.
void count_by_cpuinfo(const HostView& host, const std::string& reason, CpuProfile& cpu) {
  cpu.packages = cpu.numa_nodes = cpu.physical_cores = cpu.logical_cores =
      Fact<std::uint32_t>::unknown(reason);
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
    if (package == processor.fields.end() || core == processor.fields.end()) return;
    cores.emplace(package->second, core->second);
    packages.insert(package->second);
  }
  cpu.physical_cores = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(cores.size()), from);
  cpu.packages = Fact<std::uint32_t>::known(static_cast<std::uint32_t>(packages.size()), from);
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
  cpu.core_types =
      Fact<std::vector<CoreType>>::known(count_core_types(topology, kinds), kinds.source);
}

void describe_caches(const HostView& host, const Shapes& shapes, CpuProfile& cpu) {
  using Caches = std::vector<CacheLevel>;
  if (shapes.best && !shapes.best->caches.empty()) {
    cpu.caches = Fact<Caches>::known(shapes.best->caches, shapes.best->source);
  } else if (shapes.cpuid && !shapes.cpuid->caches.empty()) {
    cpu.caches = Fact<Caches>::known(shapes.cpuid->caches, shapes.cpuid->source);
  } else {
    cpu.caches = Fact<Caches>::unknown("neither /sys nor CPUID lists caches");
  }
  const CpuidSource* source = usable_cpuid(host);
  if (source == nullptr) return;
  const auto opinion = libcpuid_opinion(*source, source->cpus.front());
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

void describe_shape(const HostView& host, CpuProfile& cpu) {
  using Count = Fact<std::uint32_t>;
  const Shapes shapes = look_at_shape(host);
  describe_caches(host, shapes, cpu);
  if (!shapes.best) {
    count_by_cpuinfo(host, shapes.reason, cpu);
    cpu.core_types = Fact<std::vector<CoreType>>::unknown(shapes.reason);
    return;
  }
  const Topology& best = *shapes.best;
  const std::string from = agreement(shapes);
  cpu.packages = Count::known(best.package_count(), from);
  cpu.physical_cores = Count::known(best.core_count(), from);
  cpu.logical_cores = Count::known(static_cast<std::uint32_t>(best.cpus.size()), from);
  cpu.numa_nodes = known_or(best.numa_nodes, best.source, "CPUID does not count memory nodes");
  describe_core_types(host, best, cpu);
}

void describe_frequency(const HostView& host, CpuProfile& cpu) {
  const std::string folder = "/sys/devices/system/cpu/cpufreq";
  std::uint32_t highest = 0;
  std::set<std::string> governors;
  for (const std::string& policy : host.list(folder)) {
    if (!policy.starts_with("policy")) continue;
    const std::string path = fmt::format("{}/{}", folder, policy);
    const auto frequency = host.read_text(path + "/cpuinfo_max_freq", 64);
    if (frequency)
      highest = std::max(highest, parse_number<std::uint32_t>(trim(*frequency)).value_or(0));
    const auto governor = host.read_text(path + "/scaling_governor", 64);
    if (governor && !trim(*governor).empty()) governors.insert(printable(trim(*governor), 40));
  }
  const std::string lacks = "/sys shows no frequency control (usual in virtual machines)";
  cpu.governor = governors.empty() ? Fact<std::string>::unknown(lacks)
                                   : Fact<std::string>::known(
                                         fmt::format("{}", fmt::join(governors, ", ")), folder);
  if (highest > 0) {
    cpu.max_frequency_hertz = Fact<double>::known(highest * 1e3, folder + " cpuinfo_max_freq");
    return;
  }
  cpu.max_frequency_hertz = Fact<double>::unknown(lacks);
  const CpuidSource* source = usable_cpuid(host);
  if (source == nullptr) return;
  for (const unsigned id : source->cpus) {
    const auto rates = CpuidLeaves(*source, id).find(0x16);
    if (rates) highest = std::max(highest, rates->ebx & 0xFFFFU);
  }
  if (highest > 0) cpu.max_frequency_hertz = Fact<double>::known(highest * 1e6, "CPUID leaf 0x16");
}

}  // namespace

CpuProfile probe_cpu(const HostView& host) {
  CpuProfile cpu;
  identify(host, cpu);
  describe_shape(host, cpu);
  describe_frequency(host, cpu);
  return cpu;
}

}  // namespace assay
