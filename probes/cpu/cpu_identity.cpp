#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/cpu/arm_features.hpp"
#include "probes/cpu/arm_registers.hpp"
#include "probes/cpu/cpu_sections.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/cpu/isa_features.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/cpu/usable_cpus.hpp"
#include "probes/topology/sysfs_files.hpp"

namespace assay {
namespace {

using Words = std::vector<std::string>;

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

/// Those of `cpus` that this process may run on; all of them when it is not told which.
std::vector<unsigned> permitted_of(const HostView& host, const std::vector<unsigned>& cpus) {
  const auto permitted = permitted_cpus(host);
  if (!permitted) return cpus;
  std::vector<unsigned> both;
  std::copy_if(cpus.begin(), cpus.end(), std::back_inserter(both), [&permitted](unsigned cpu) {
    return std::find(permitted->begin(), permitted->end(), cpu) != permitted->end();
  });
  return both.empty() ? cpus : both;  // the recording numbers its CPUs otherwise
}

/// The intersection over the CPUs that the process may run on.
void decode_isa_by_cpuid(const HostView& host, const CpuidSource& source, CpuProfile& cpu) {
  std::optional<IsaSet> common;
  bool subleaf_missing = false;
  const std::vector<unsigned> cpus = permitted_of(host, source.cpus);
  for (const unsigned id : cpus) {
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
  std::string from =
      fmt::format("CPUID of {} logical CPU{}, {}", cpus.size(), cpus.size() == 1 ? "" : "s",
                  source.xcr0() ? "XCR0" : "XCR0 not recorded: taken as all enabled");
  if (subleaf_missing) from += "; leaf 7 sub-leaf 1 not recorded: avx_vnni, avx512_bf16 may lack";
  cpu.isa = Fact<Words>::known(isa_names(*common), from);
  note_levels(*common, from, cpu);
}

/// Every name once, in the order of the CPUs.
void add_once(Words& names, std::string name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

/// Designers and designs of the cores. Phones mix those of two companies.
void name_arm_cores(const ProcCpuinfo& info, const std::string& from, CpuProfile& cpu) {
  Words vendors;
  Words parts;
  const auto take = [&](const std::map<std::string, std::string>& fields) {
    const auto number = [&fields](const char* key) -> std::optional<std::uint32_t> {
      const auto field = fields.find(key);
      if (field == fields.end()) return std::nullopt;
      return parse_hexadecimal<std::uint32_t>(field->second);
    };
    const auto implementer = number("CPU implementer");
    if (!implementer) return;
    add_once(vendors, arm_implementer_name(*implementer)
                          .value_or(fmt::format("implementer 0x{:02x}", *implementer)));
    if (const auto part = number("CPU part")) {
      add_once(parts,
               arm_part_name(*implementer, *part).value_or(fmt::format("part 0x{:03x}", *part)));
    }
  };
  for (const ProcCpuinfo::Processor& processor : info.processors) take(processor.fields);
  if (vendors.empty()) take(info.common);
  if (!vendors.empty()) {
    cpu.vendor = Fact<std::string>::known(fmt::format("{}", fmt::join(vendors, " + ")), from);
  }
  if (!parts.empty()) {
    cpu.brand = Fact<std::string>::known(fmt::format("{}", fmt::join(parts, " + ")), from);
  }
}

void identify_arm(const HostView& host, const ProcCpuinfo& info, const std::string& from,
                  CpuProfile& cpu) {
  if (!info.find("CPU implementer")) return;
  name_arm_cores(info, from, cpu);
  const Words words = info.shared_words("Features");
  if (const auto live = host.is_live() ? live_arm_features() : std::nullopt) {
    cpu.isa = Fact<Words>::known(live->names, "AT_HWCAP, AT_HWCAP2");
  } else if (!words.empty()) {
    cpu.isa = Fact<Words>::known(words, from + " Features");
  }
  cpu.isa_level = Fact<std::uint32_t>::absent("not an x86 processor");
}

void identify_by_cpuinfo(const HostView& host, const ProcCpuinfo& info, CpuProfile& cpu) {
  const std::string from = "/proc/cpuinfo";
  const auto number = [&info](std::string_view key) {
    const auto text = info.find(key);
    return text ? parse_number<std::uint32_t>(*text) : std::nullopt;
  };
  const std::string lacks = "/proc/cpuinfo does not say";
  if (info.find("flags")) {
    cpu.vendor = known_or(info.find("vendor_id"), from, lacks);
    const auto brand = info.find("model name");
    cpu.brand = brand ? Fact<std::string>::known(fold_blanks(*brand), from)
                      : Fact<std::string>::unknown(lacks);
    cpu.family = known_or(number("cpu family"), from, lacks);
    cpu.model = known_or(number("model"), from, lacks);
    cpu.stepping = known_or(number("stepping"), from, lacks);
    const Words words = info.shared_words("flags");
    const IsaSet set = isa_from_flags(fmt::format("{}", fmt::join(words, " ")));
    cpu.isa = Fact<Words>::known(isa_names(set), from + " flags");
    note_levels(set, from + " flags", cpu);
    return;
  }
  identify_arm(host, info, from, cpu);
  if (!cpu.brand.is_known()) {
    for (const std::string_view key : {"model name", "cpu", "Processor", "Hardware"}) {
      if (const auto name = info.find(key)) {
        cpu.brand = Fact<std::string>::known(*name, from);
        return;
      }
    }
  }
}

/// "0x2b000603", as /proc/cpuinfo and sysfs write it.
Fact<std::string> microcode_revision(const HostView& host, const std::optional<ProcCpuinfo>& info) {
  using Text = Fact<std::string>;
  if (info) {
    if (const auto revision = info->find("microcode")) {
      return Text::known(printable(*revision, 40), "/proc/cpuinfo");
    }
  }
  const std::string path = cpu_folder(0) + "/microcode/version";
  if (const auto revision = read_sysfs(host, path)) {
    return Text::known(printable(*revision, 40), path);
  }
  return Text::unknown("neither /proc/cpuinfo nor /sys tells (usual beyond x86)");
}

/// Keeps the blocks of the CPUs that this process may run on.
void keep_permitted(const HostView& host, ProcCpuinfo& info) {
  std::vector<unsigned> cpus;
  for (const ProcCpuinfo::Processor& processor : info.processors) cpus.push_back(processor.number);
  const std::vector<unsigned> kept = permitted_of(host, cpus);
  std::erase_if(info.processors, [&kept](const ProcCpuinfo::Processor& processor) {
    return std::find(kept.begin(), kept.end(), processor.number) == kept.end();
  });
}

}  // namespace

void identify_cpu(const HostView& host, CpuProfile& cpu) {
  const auto text = host.read_text("/proc/cpuinfo", std::size_t{16} << 20U);
  std::optional<ProcCpuinfo> info;
  if (text) info = parse_proc_cpuinfo(*text);
  cpu.microcode = microcode_revision(host, info);
  if (const CpuidSource* source = usable_cpuid(host)) {
    identify_by_cpuid(*source, cpu);
    decode_isa_by_cpuid(host, *source, cpu);
    return;
  }
  const std::string reason = host.is_live() ? "" : "no CPUID recording was given, and ";
  const std::string lacks = reason + (text ? "/proc/cpuinfo does not say" : text.error().reason);
  cpu.vendor = cpu.brand = Fact<std::string>::unknown(lacks);
  cpu.family = cpu.model = cpu.stepping = cpu.isa_level = Fact<std::uint32_t>::unknown(lacks);
  cpu.isa = Fact<Words>::unknown(lacks);
  if (host.cpuid() && !host.cpuid()->arm_registers.empty()) {
    identify_arm(host, cpuinfo_of(host.cpuid()->arm_registers), "the identification registers",
                 cpu);
    return;
  }
  if (!info) return;
  keep_permitted(host, *info);
  identify_by_cpuinfo(host, *info, cpu);
}

}  // namespace assay
