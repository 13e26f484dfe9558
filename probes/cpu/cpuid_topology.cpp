#include "probes/cpu/cpuid_topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>

#include "probes/cpu/cpuid_leaves.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_subleaves = 16;

std::uint32_t bits(std::uint32_t word, unsigned high, unsigned low) {
  return (word >> low) & ((2U << (high - low)) - 1U);
}

/// Bits needed to number `count` things.
unsigned id_width(std::uint32_t count) {
  return count <= 1 ? 0 : static_cast<unsigned>(std::bit_width(count - 1));
}

/// How an APIC id divides: the lowest bits number the thread, those below package_shift the core.
struct ApicLayout {
  std::uint32_t apic = 0;
  unsigned thread_bits = 0;
  unsigned package_shift = 0;
  std::uint32_t threads_per_core = 1;
  std::uint32_t threads_per_package = 1;
};

/// Leaves 0x1F and 0xB, one sub-leaf a level. Nothing when neither says anything.
std::optional<ApicLayout> layout_by_levels(const CpuidLeaves& leaves) {
  for (const std::uint32_t leaf : {0x1FU, 0xBU}) {
    ApicLayout layout;
    bool found = false;
    for (std::uint32_t subleaf = 0; subleaf < k_most_subleaves; ++subleaf) {
      const auto level = leaves.find(leaf, subleaf);
      if (!level || bits(level->ecx, 15, 8) == 0 || bits(level->ebx, 15, 0) == 0) break;
      constexpr std::uint32_t k_thread_level = 1;
      const std::uint32_t count = bits(level->ebx, 15, 0);
      if (bits(level->ecx, 15, 8) == k_thread_level) {
        layout.thread_bits = bits(level->eax, 4, 0);
        layout.threads_per_core = count;
      }
      layout.apic = level->edx;
      layout.package_shift = bits(level->eax, 4, 0);
      layout.threads_per_package = std::max(layout.threads_per_package, count);
      found = true;
    }
    if (found) return layout;
  }
  return std::nullopt;
}

/// AMD before leaf 0xB: 0x80000008 and 0x8000001E. Families before 0x17 count cores of a module
/// there, not threads.
std::optional<ApicLayout> layout_by_amd_leaves(const CpuidLeaves& leaves,
                                               const CpuidRegisters& features) {
  const auto sizes = leaves.find(0x80000008);
  const auto signature = cpuid_signature(leaves);
  if (!sizes || !signature) return std::nullopt;
  ApicLayout layout;
  layout.apic = bits(features.ebx, 31, 24);
  layout.threads_per_package = bits(sizes->ecx, 7, 0) + 1;
  layout.package_shift = bits(sizes->ecx, 15, 12);
  if (layout.package_shift == 0) layout.package_shift = id_width(layout.threads_per_package);
  const auto identifiers = leaves.find(0x8000001E);
  if (identifiers && signature->family >= 0x17) {
    layout.apic = identifiers->eax;
    layout.threads_per_core = bits(identifiers->ebx, 15, 8) + 1;
    layout.thread_bits = id_width(layout.threads_per_core);
  }
  return layout;
}

/// The oldest rule: leaf 1 counts ids of a package, leaf 4 those of them that are cores.
ApicLayout layout_by_first_leaf(const CpuidLeaves& leaves, const CpuidRegisters& features) {
  constexpr std::uint32_t k_several = 1U << 28U;  // HTT: the count in EBX is valid
  ApicLayout layout;
  layout.apic = bits(features.ebx, 31, 24);
  if ((features.edx & k_several) == 0) return layout;
  layout.threads_per_package = std::max(bits(features.ebx, 23, 16), 1U);
  layout.package_shift = id_width(layout.threads_per_package);
  const auto cache = leaves.find(4, 0);
  const std::uint32_t cores =
      cache && bits(cache->eax, 4, 0) != 0 ? bits(cache->eax, 31, 26) + 1 : 1;
  layout.threads_per_core = std::max(layout.threads_per_package / cores, 1U);
  layout.thread_bits = layout.package_shift - std::min(layout.package_shift, id_width(cores));
  return layout;
}

bool is_amd(const CpuidLeaves& leaves) {
  const std::string vendor = cpuid_vendor(leaves).value_or("");
  return vendor == "AuthenticAMD" || vendor == "HygonGenuine";
}

std::optional<ApicLayout> apic_layout(const CpuidLeaves& leaves) {
  const auto features = leaves.find(1);
  if (!features) return std::nullopt;
  if (const auto layout = layout_by_levels(leaves)) return layout;
  if (is_amd(leaves)) {
    if (const auto layout = layout_by_amd_leaves(leaves, *features)) return layout;
  }
  return layout_by_first_leaf(leaves, *features);
}

std::string_view cache_type_name(std::uint32_t type) {
  if (type == 1) return "data";
  return type == 2 ? "instruction" : "unified";
}

/// Leaf 4 (Intel, Zhaoxin) or 0x8000001D (AMD): the same format.
void see_enumerated_caches(const CpuidLeaves& leaves, const ApicLayout& layout,
                           std::vector<CacheSighting>& seen) {
  const std::uint32_t leaf = is_amd(leaves) ? 0x8000001DU : 4U;
  for (std::uint32_t subleaf = 0; subleaf < k_most_subleaves; ++subleaf) {
    const auto cache = leaves.find(leaf, subleaf);
    if (!cache || bits(cache->eax, 4, 0) == 0) return;
    const std::uint64_t ways = bits(cache->ebx, 31, 22) + 1;
    const std::uint64_t partitions = bits(cache->ebx, 21, 12) + 1;
    const std::uint64_t line = bits(cache->ebx, 11, 0) + 1;
    const std::uint64_t sets = std::uint64_t{cache->ecx} + 1;
    const std::uint32_t sharing = bits(cache->eax, 25, 14) + 1;
    CacheSighting sighting;
    sighting.level = bits(cache->eax, 7, 5);
    sighting.type = cache_type_name(bits(cache->eax, 4, 0));
    sighting.bytes = ways * partitions * line * sets;
    sighting.instance = fmt::format("{}", layout.apic >> id_width(sharing));
    seen.push_back(std::move(sighting));
  }
}

/// AMD's and VIA's older leaves 0x80000005 and 6: sizes only; levels 1 and 2 belong to a core,
/// level 3 to a package.
void see_legacy_caches(const CpuidLeaves& leaves, const ApicLayout& layout,
                       std::vector<CacheSighting>& seen) {
  const std::string core = fmt::format("{}", layout.apic >> layout.thread_bits);
  const std::string package = fmt::format("{}", layout.apic >> layout.package_shift);
  const auto add = [&seen](std::uint32_t level, std::string_view type, std::uint64_t kibibytes,
                           const std::string& instance) {
    if (kibibytes == 0) return;
    seen.push_back({level, std::string(type), kibibytes * 1024, instance});
  };
  if (const auto first = leaves.find(0x80000005)) {
    add(1, "data", bits(first->ecx, 31, 24), core);
    add(1, "instruction", bits(first->edx, 31, 24), core);
  }
  if (const auto second = leaves.find(0x80000006)) {
    add(2, "unified", bits(second->ecx, 31, 16), core);
    add(3, "unified", std::uint64_t{bits(second->edx, 31, 18)} * 512, package);
  }
}

std::vector<CacheSighting> see_caches(const CpuidLeaves& leaves, const ApicLayout& layout) {
  std::vector<CacheSighting> seen;
  see_enumerated_caches(leaves, layout, seen);
  // Intel fills 0x80000006 with the second level only: leave those to another source.
  if (cpuid_vendor(leaves).value_or("") == "GenuineIntel") return seen;
  // Some recordings keep the first sub-leaf only.
  const bool complete = std::any_of(seen.begin(), seen.end(),
                                    [](const CacheSighting& cache) { return cache.level == 2; });
  if (complete) return seen;
  seen.clear();
  see_legacy_caches(leaves, layout, seen);
  return seen;
}

bool has_level3(const CpuidLeaves& leaves) {
  for (std::uint32_t subleaf = 0; subleaf < k_most_subleaves; ++subleaf) {
    const auto cache = leaves.find(4, subleaf);
    if (!cache || bits(cache->eax, 4, 0) == 0) return false;
    if (bits(cache->eax, 7, 5) == 3) return true;
  }
  return false;
}

std::optional<std::string> intel_kind(const CpuidLeaves& leaves) {
  constexpr std::uint32_t k_hybrid = 1U << 15U;
  const auto features = leaves.find(7);
  const auto type = leaves.find(0x1A);
  if (!features || (features->edx & k_hybrid) == 0 || !type) return std::nullopt;
  constexpr std::uint32_t k_atom = 0x20;
  constexpr std::uint32_t k_core = 0x40;
  const std::uint32_t core_type = bits(type->eax, 31, 24);
  if (core_type == k_core) return "performance";
  if (core_type == k_atom) return has_level3(leaves) ? "efficiency" : "low_power";
  return std::nullopt;
}

std::optional<std::string> amd_kind(const CpuidLeaves& leaves) {
  const auto level = leaves.find(0x80000026);
  // Whether cores differ is said at the level that holds different ones, the kind at level 0.
  if (!level || bits(level->ecx, 15, 8) == 0) return std::nullopt;
  const std::uint32_t type = bits(level->ebx, 31, 28);
  if (type == 0) return "performance";
  if (type == 1) return "efficiency";
  return std::nullopt;
}

/// Level-3 sharing tells nothing about how many caches a package has when one CPU speaks for all.
void spread_over_package(Topology& topology, const PackageSize& size,
                         const std::vector<CacheSighting>& seen, const CpuidLeaves& leaves) {
  const std::uint32_t threads_per_core = std::max(size.threads / std::max(size.cores, 1U), 1U);
  topology.cpus.clear();
  for (std::uint32_t thread = 0; thread < size.threads; ++thread) {
    topology.cpus.push_back({thread, thread / threads_per_core, 0});
  }
  topology.caches.clear();
  for (const CacheSighting& cache : seen) {
    const std::uint32_t sharing = cache.level >= 3 ? size.threads : threads_per_core;
    topology.caches.push_back(
        {cache.level, cache.type, Bytes(cache.bytes), size.threads / sharing});
  }
  topology.source = fmt::format("CPUID of one logical CPU, taken for its whole package ({} leaves)",
                                leaves.last_basic_leaf());
}

}  // namespace

std::optional<PackageSize> cpuid_package_size(const CpuidSource& source, unsigned cpu) {
  const auto layout = apic_layout(CpuidLeaves(source, cpu));
  if (!layout) return std::nullopt;
  const std::uint32_t threads = layout->threads_per_package;
  // A count that does not divide is nonsense (emulators do that).
  if (threads % layout->threads_per_core != 0) return PackageSize{1, 1};
  return PackageSize{threads / layout->threads_per_core, threads};
}

std::optional<Topology> cpuid_topology(const CpuidSource& source) {
  Topology topology;
  topology.source = "CPUID";
  std::vector<CacheSighting> seen;
  std::set<std::uint32_t> apic_ids;
  for (const unsigned cpu : source.cpus) {
    const CpuidLeaves leaves(source, cpu);
    const auto layout = apic_layout(leaves);
    if (!layout) continue;
    apic_ids.insert(layout->apic);
    topology.cpus.push_back(
        {cpu, layout->apic >> layout->thread_bits,
         layout->package_shift > 31 ? 0 : layout->apic >> layout->package_shift});
    for (CacheSighting& cache : see_caches(leaves, *layout)) seen.push_back(std::move(cache));
  }
  if (topology.cpus.empty()) return std::nullopt;
  topology.caches = count_caches(seen);
  if (topology.cpus.size() == 1) {
    const unsigned cpu = topology.cpus[0].cpu;
    const auto size = cpuid_package_size(source, cpu);
    if (size && size->threads > 1) {
      spread_over_package(topology, *size, seen, CpuidLeaves(source, cpu));
    }
  }
  return topology;
}

std::optional<CoreKinds> cpuid_core_kinds(const CpuidSource& source) {
  CoreKinds kinds;
  for (const unsigned cpu : source.cpus) {
    const CpuidLeaves leaves(source, cpu);
    const bool amd = is_amd(leaves);
    const auto kind = amd ? amd_kind(leaves) : intel_kind(leaves);
    if (!kind) continue;
    kinds.kind_of[cpu] = *kind;
    kinds.source = amd ? "CPUID leaf 0x80000026" : "CPUID leaf 0x1A";
  }
  if (kinds.kind_of.empty()) return std::nullopt;
  return kinds;
}

}  // namespace assay
