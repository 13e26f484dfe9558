#include "probes/topology/topology.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr unsigned k_most_cpus = 1U << 16U;

std::optional<unsigned> parse_cpu(std::string_view digits) {
  const auto cpu = parse_number<unsigned>(digits);
  return cpu && *cpu < k_most_cpus ? cpu : std::nullopt;
}

}  // namespace

std::uint32_t Topology::core_count() const {
  std::set<std::uint32_t> cores;
  for (const CpuPlace& place : cpus) cores.insert(place.core);
  return static_cast<std::uint32_t>(cores.size());
}

std::uint32_t Topology::package_count() const {
  std::set<std::uint32_t> packages;
  for (const CpuPlace& place : cpus) packages.insert(place.package);
  return static_cast<std::uint32_t>(packages.size());
}

std::vector<CacheLevel> count_caches(const std::vector<CacheSighting>& sightings) {
  std::map<std::tuple<std::uint32_t, std::string, std::uint64_t>, std::set<std::string>> instances;
  for (const CacheSighting& seen : sightings) {
    if (seen.bytes == 0) continue;  // some firmware names caches without their size
    instances[{seen.level, seen.type, seen.bytes}].insert(seen.instance);
  }
  std::vector<CacheLevel> caches;
  for (const auto& [key, distinct] : instances) {
    const auto& [level, type, bytes] = key;
    caches.push_back({level, type, Bytes(bytes), static_cast<std::uint32_t>(distinct.size())});
  }
  return caches;
}

std::vector<CoreType> count_core_types(const Topology& topology, const CoreKinds& kinds) {
  constexpr std::array<std::string_view, 6> k_order{"performance", "middle",   "efficiency",
                                                    "low_power",   "unranked", "uniform"};
  using Design = std::pair<std::size_t, std::optional<std::string>>;  // place in the order, name
  std::map<Design, std::pair<std::set<std::uint32_t>, std::uint32_t>> counted;
  for (const CpuPlace& place : topology.cpus) {
    const auto kind = kinds.kind_of.find(place.cpu);
    if (kind == kinds.kind_of.end()) continue;
    const auto rank = std::find(k_order.begin(), k_order.end(), kind->second);
    if (rank == k_order.end()) continue;
    const auto name = kinds.design_of.find(place.cpu);
    auto& [cores, threads] =
        counted[{static_cast<std::size_t>(rank - k_order.begin()),
                 name == kinds.design_of.end() ? std::nullopt : std::optional(name->second)}];
    cores.insert(place.core);
    ++threads;
  }
  std::vector<CoreType> types;
  for (const auto& [design, count] : counted) {
    types.push_back({std::string(k_order[design.first]),
                     static_cast<std::uint32_t>(count.first.size()), count.second, design.second,
                     std::nullopt, std::nullopt});
  }
  if (types.size() == 1) types[0].kind = "uniform";
  return types;
}

bool is_of_type(const CoreKinds& kinds, unsigned cpu, const CoreType& type) {
  const auto kind = kinds.kind_of.find(cpu);
  if (kind == kinds.kind_of.end() || kind->second != type.kind) return false;
  const auto name = kinds.design_of.find(cpu);
  return name == kinds.design_of.end() ? !type.name : type.name == name->second;
}

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  std::vector<unsigned> cpus;
  if (trim(text).empty()) return cpus;
  for (const std::string_view part : split(trim(text), ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_cpu(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_cpu(part.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    if (cpus.size() + (*last - *first) > k_most_cpus) return std::nullopt;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::optional<std::vector<unsigned>> parse_cpu_mask(std::string_view text) {
  std::vector<unsigned> cpus;
  const auto words = split(trim(text), ',');
  if (words.size() > k_most_cpus / 32) return std::nullopt;
  unsigned base = 0;
  for (auto word = words.rbegin(); word != words.rend(); ++word, base += 32) {
    const auto mask = parse_number<std::uint32_t>(*word, 16);
    if (!mask) return std::nullopt;
    for (unsigned bit = 0; bit < 32; ++bit) {
      if (((*mask >> bit) & 1U) != 0) cpus.push_back(base + bit);
    }
  }
  return cpus;
}

}  // namespace assay
