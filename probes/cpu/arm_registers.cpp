#include "probes/cpu/arm_registers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <set>
#include <string_view>

namespace assay {
namespace {

/// A field of four bits, and the value from which on it means the feature.
struct ArmField {
  std::string_view name;  // as in /proc/cpuinfo
  std::string_view in;
  unsigned shift;
  unsigned least;
};

constexpr std::array k_fields{
    ArmField{"asimd", "id_aa64pfr0", 20, 0},     ArmField{"asimdhp", "id_aa64pfr0", 20, 1},
    ArmField{"fphp", "id_aa64pfr0", 16, 1},      ArmField{"aes", "id_aa64isar0", 4, 1},
    ArmField{"pmull", "id_aa64isar0", 4, 2},     ArmField{"sha2", "id_aa64isar0", 12, 1},
    ArmField{"crc32", "id_aa64isar0", 16, 1},    ArmField{"atomics", "id_aa64isar0", 20, 2},
    ArmField{"asimdrdm", "id_aa64isar0", 28, 1}, ArmField{"asimddp", "id_aa64isar0", 44, 1},
    ArmField{"asimdfhm", "id_aa64isar0", 48, 1}, ArmField{"bf16", "id_aa64isar1", 44, 1},
    ArmField{"i8mm", "id_aa64isar1", 52, 1},     ArmField{"sve", "id_aa64pfr0", 32, 1},
    ArmField{"sve2", "id_aa64zfr0", 0, 1},       ArmField{"svebf16", "id_aa64zfr0", 20, 1},
    ArmField{"svei8mm", "id_aa64zfr0", 44, 1},   ArmField{"sme", "id_aa64pfr1", 24, 1},
    ArmField{"sme2", "id_aa64pfr1", 24, 2},
};

std::uint64_t register_of(const ArmRegisters& core, std::string_view name) {
  const auto found = core.find(std::string(name));
  return found == core.end() ? 0 : found->second;
}

std::vector<std::string_view> features_of(const ArmRegisters& core) {
  std::vector<std::string_view> names;
  // Every core that runs 64-bit code says so in the lowest field.
  if ((register_of(core, "id_aa64pfr0") & 0xFU) == 0) return names;
  for (const ArmField& field : k_fields) {
    const std::uint64_t value = (register_of(core, field.in) >> field.shift) & 0xFU;
    constexpr std::uint64_t k_none = 0xF;  // of the signed fields: not implemented
    if (value != k_none && value >= field.least) names.push_back(field.name);
  }
  return names;
}

}  // namespace

ProcCpuinfo cpuinfo_of(const std::vector<ArmRegisters>& cores) {
  ProcCpuinfo info;
  for (const ArmRegisters& core : cores) {
    const std::uint64_t midr = register_of(core, "midr");
    ProcCpuinfo::Processor processor{static_cast<unsigned>(info.processors.size()), {}};
    processor.fields["CPU implementer"] = fmt::format("0x{:02x}", (midr >> 24U) & 0xFFU);
    processor.fields["CPU part"] = fmt::format("0x{:03x}", (midr >> 4U) & 0xFFFU);
    const auto features = features_of(core);
    if (!features.empty()) {
      processor.fields["Features"] = fmt::format("{}", fmt::join(features, " "));
    }
    info.processors.push_back(std::move(processor));
  }
  return info;
}

std::optional<Topology> arm_topology(const std::vector<ArmRegisters>& cores) {
  constexpr std::uint64_t k_threaded = std::uint64_t{1} << 24U;  // MT: level 0 numbers threads
  constexpr std::uint64_t k_affinity = 0xFFFFFFU;                // levels 0 to 2
  Topology topology;
  topology.source = "MPIDR_EL1 of the recording";
  std::set<std::uint64_t> seen;
  for (const ArmRegisters& core : cores) {
    const std::uint64_t mpidr = register_of(core, "mpidr");
    const std::uint64_t affinity = mpidr & k_affinity;
    if (!seen.insert(affinity).second) return std::nullopt;
    const bool is_thread = (mpidr & k_threaded) != 0;
    topology.cpus.push_back({static_cast<unsigned>(topology.cpus.size()),
                             static_cast<std::uint32_t>(is_thread ? affinity >> 8U : affinity), 0});
  }
  if (topology.cpus.empty()) return std::nullopt;
  return topology;
}

}  // namespace assay
