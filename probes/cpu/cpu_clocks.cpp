#include "probes/cpu/cpu_clocks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/number.hpp"
#include "base/text.hpp"
#include "probes/cpu/cpu_sections.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/topology/sysfs_files.hpp"
#include "probes/topology/sysfs_topology.hpp"

namespace assay {
namespace {

const std::string k_policies = "/sys/devices/system/cpu/cpufreq";
constexpr std::uint64_t k_fastest_megahertz = 20'000;  // beyond any processor: nonsense

/// The folders of the frequency driver: one for each policy, or, in old kernels, for each CPU.
std::vector<std::string> driver_folders(const HostView& host) {
  std::vector<std::string> folders;
  for (const std::string& name : host.list(k_policies)) {
    if (name.starts_with("policy")) folders.push_back(fmt::format("{}/{}", k_policies, name));
  }
  if (!folders.empty()) return folders;
  for (const unsigned cpu : online_cpus(host)) {
    std::string folder = cpu_folder(cpu) + "/cpufreq";
    if (host.exists(folder)) folders.push_back(std::move(folder));
  }
  return folders;
}

/// "0 1 2 3", or a list with ranges.
std::vector<unsigned> parse_spaced_cpus(std::string_view text) {
  std::vector<unsigned> cpus;
  for (const std::string_view part : split(text, ' ')) {
    const auto some = part.empty() ? std::nullopt : parse_cpu_list(part);
    if (some) cpus.insert(cpus.end(), some->begin(), some->end());
  }
  return cpus;
}

/// The CPUs that a driver's folder is about: those it names, else the number in its own name.
std::vector<unsigned> cpus_of(const HostView& host, const std::string& folder) {
  for (const char* file : {"related_cpus", "affected_cpus"}) {
    const auto text = read_sysfs(host, fmt::format("{}/{}", folder, file));
    if (!text) continue;
    if (auto cpus = parse_spaced_cpus(*text); !cpus.empty()) return cpus;
  }
  std::string_view name = folder;
  if (name.ends_with("/cpufreq")) name.remove_suffix(std::string_view("/cpufreq").size());
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  const auto cpu = parse_number<unsigned>(name.substr(digits));
  return cpu ? std::vector<unsigned>{*cpu} : std::vector<unsigned>();
}

std::optional<double> hertz_from(const HostView& host, const std::string& path,
                                 std::uint64_t unit) {
  const auto count = read_sysfs_count(host, path);
  if (!count || *count == 0 || *count > k_fastest_megahertz * 1'000'000 / unit) return std::nullopt;
  return static_cast<double>(*count * unit);
}

void read_driver(const HostView& host, CpuClocks& clocks) {
  for (const std::string& folder : driver_folders(host)) {
    const auto max = hertz_from(host, folder + "/cpuinfo_max_freq", 1000);
    const auto base = hertz_from(host, folder + "/base_frequency", 1000);
    for (const unsigned cpu : cpus_of(host, folder)) clocks.of[cpu] = {max, base};
    if (max) clocks.max_source = k_policies + " cpuinfo_max_freq";
    if (base) clocks.base_source = k_policies + " base_frequency";
  }
}

void read_nominal(const HostView& host, CpuClocks& clocks) {
  for (const unsigned cpu : online_cpus(host)) {
    const auto base = hertz_from(host, cpu_folder(cpu) + "/acpi_cppc/nominal_freq", 1'000'000);
    if (!base) continue;
    clocks.of[cpu].base_hertz = base;
    clocks.base_source = "/sys/devices/system/cpu/cpu*/acpi_cppc/nominal_freq";
  }
}

void read_leaf16(const CpuidSource& source, CpuClocks& clocks) {
  const bool wants_max = clocks.max_source.empty();
  const bool wants_base = clocks.base_source.empty();
  for (const unsigned cpu : source.cpus) {
    const auto rates = CpuidLeaves(source, cpu).find(0x16);
    if (!rates) continue;
    const auto take = [&](std::uint32_t megahertz, std::optional<double>& hertz,
                          std::string& from) {
      if (megahertz == 0 || megahertz > k_fastest_megahertz) return;
      hertz = megahertz * 1e6;
      from = "CPUID leaf 0x16";
    };
    CpuClock& clock = clocks.of[cpu];
    if (wants_base) take(rates->eax & 0xFFFFU, clock.base_hertz, clocks.base_source);
    if (wants_max) take(rates->ebx & 0xFFFFU, clock.max_hertz, clocks.max_source);
  }
}

Fact<double> fastest(const CpuClocks& clocks, std::optional<double> CpuClock::* rate,
                     const std::string& source, const std::string& lacks) {
  std::optional<double> highest;
  for (const auto& [cpu, clock] : clocks.of) highest = std::max(highest, clock.*rate);
  return known_or(highest, source, lacks);
}

/// The words of one file of every policy, each once.
Fact<std::string> words_of_policies(const HostView& host, const char* file,
                                    const std::string& lacks) {
  std::set<std::string> words;
  for (const std::string& folder : driver_folders(host)) {
    const auto word = read_sysfs(host, fmt::format("{}/{}", folder, file));
    if (word) words.insert(printable(*word, 40));
  }
  if (words.empty()) return Fact<std::string>::unknown(lacks);
  return Fact<std::string>::known(fmt::format("{}", fmt::join(words, ", ")),
                                  fmt::format("{} {}", k_policies, file));
}

Fact<bool> boost_state(const HostView& host) {
  const std::string turbo = fmt::format("{}/intel_pstate/no_turbo", k_cpu_folder);
  const auto no_turbo = read_sysfs(host, turbo);
  if (no_turbo == "0" || no_turbo == "1") return Fact<bool>::known(no_turbo == "0", turbo);
  const std::string path = k_policies + "/boost";
  const auto boost = read_sysfs(host, path);
  if (boost == "0" || boost == "1") return Fact<bool>::known(boost == "1", path);
  return Fact<bool>::unknown("neither intel_pstate/no_turbo nor cpufreq/boost is there");
}

}  // namespace

CpuClocks read_clocks(const HostView& host) {
  CpuClocks clocks;
  read_driver(host, clocks);
  if (clocks.base_source.empty()) read_nominal(host, clocks);
  if (const CpuidSource* source = usable_cpuid(host)) read_leaf16(*source, clocks);
  return clocks;
}

void describe_clocks(const HostView& host, CpuProfile& cpu) {
  const std::string lacks = "/sys shows no frequency control (usual in virtual machines)";
  const CpuClocks clocks = read_clocks(host);
  cpu.max_frequency_hertz = fastest(clocks, &CpuClock::max_hertz, clocks.max_source, lacks);
  cpu.base_frequency_hertz =
      fastest(clocks, &CpuClock::base_hertz, clocks.base_source,
              "no driver, firmware or CPUID leaf names a guaranteed frequency");
  cpu.scaling_driver = words_of_policies(host, "scaling_driver", lacks);
  cpu.governor = words_of_policies(host, "scaling_governor", lacks);
  cpu.energy_performance_preference = words_of_policies(
      host, "energy_performance_preference", "the frequency driver has no energy preference");
  cpu.boost = boost_state(host);
}

}  // namespace assay
