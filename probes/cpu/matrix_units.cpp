#include "base/text.hpp"
#include "probes/cpu/arm_features.hpp"
#include "probes/cpu/cpu_sections.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/cpu/xstate_permission.hpp"

namespace assay {
namespace {

using Flag = Fact<bool>;

// XCR0: tile configuration and tile data. The kernel gives permission for the second.
constexpr std::uint64_t k_tile_state = std::uint64_t{3} << 17U;
constexpr std::uint64_t k_tile_data = std::uint64_t{1} << 18U;

void set_all(const Flag& fact, CpuProfile& cpu) {
  cpu.amx_silicon = cpu.amx_os_enabled = cpu.amx_process_permitted = fact;
}

bool silicon_has_tiles(const CpuidSource& source) {
  constexpr std::uint32_t k_amx_tile = 1U << 24U;
  for (const unsigned cpu : source.cpus) {
    const auto features = CpuidLeaves(source, cpu).find(7);
    if (!features || (features->edx & k_amx_tile) == 0) return false;
  }
  return true;
}

Flag os_enables_tiles(const CpuidSource& source, const std::optional<XstatePermission>& kernel) {
  const auto xcr0 = source.xcr0();
  if (!xcr0) return Flag::unknown("XCR0 is not in the recording");
  if ((*xcr0 & k_tile_state) != k_tile_state) {
    return Flag::known(false, "XCR0: the system does not save tiles");
  }
  if (kernel && (kernel->supported & k_tile_data) == 0) {
    return Flag::known(false, "XCR0 has tiles, but the kernel gives them to no process");
  }
  return Flag::known(true, "XCR0");
}

Flag process_may_use_tiles(const HostView& host, const std::optional<XstatePermission>& kernel) {
  if (!host.is_live()) return Flag::unknown("a recording does not tell of this process");
  if (!kernel) return Flag::unknown("the kernel does not tell (before Linux 5.16)");
  if ((kernel->permitted & k_tile_data) != 0) return Flag::known(true, "arch_prctl");
  return Flag::known(false, (kernel->supported & k_tile_data) != 0
                                ? "arch_prctl: to be had for the asking, nobody has asked yet"
                                : "arch_prctl: the kernel gives tiles to no process");
}

/// Without CPUID: Linux lists amx_tile only where it saves its state.
void describe_amx_by_flags(const HostView& host, CpuProfile& cpu) {
  const auto text = host.read_text("/proc/cpuinfo", std::size_t{16} << 20U);
  if (!text) return set_all(Flag::unknown(text.error().reason), cpu);
  const ProcCpuinfo info = parse_proc_cpuinfo(*text);
  if (!info.find("flags")) return set_all(Flag::absent("not an x86 processor"), cpu);
  for (const std::string& word : info.shared_words("flags")) {
    if (word != "amx_tile") continue;
    cpu.amx_silicon = cpu.amx_os_enabled = Flag::known(true, "/proc/cpuinfo flags");
    cpu.amx_process_permitted = process_may_use_tiles(host, std::nullopt);
    return;
  }
  set_all(Flag::unknown("/proc/cpuinfo lists it only where the system saves its state"), cpu);
  cpu.amx_os_enabled = Flag::known(false, "/proc/cpuinfo flags");
}

void describe_amx(const HostView& host, CpuProfile& cpu) {
  const CpuidSource* source = usable_cpuid(host);
  if (source == nullptr) return describe_amx_by_flags(host, cpu);
  if (!silicon_has_tiles(*source)) return set_all(Flag::absent("CPUID leaf 7: no tiles"), cpu);
  const auto kernel = host.is_live() ? live_xstate_permission() : std::nullopt;
  cpu.amx_silicon = Flag::known(true, "CPUID leaf 7");
  cpu.amx_os_enabled = os_enables_tiles(*source, kernel);
  cpu.amx_process_permitted = process_may_use_tiles(host, kernel);
}

}  // namespace

void describe_matrix_units(const HostView& host, CpuProfile& cpu) {
  using Count = Fact<std::uint32_t>;
  describe_amx(host, cpu);
  const auto arm = host.is_live() ? live_arm_features() : std::nullopt;
  if (arm && arm->sve_bits) {
    cpu.sve_vector_bits = Count::known(*arm->sve_bits, "PR_SVE_GET_VL");
  } else if (arm || usable_cpuid(host) != nullptr) {
    cpu.sve_vector_bits = Count::absent("no scalable vectors");
  } else {
    cpu.sve_vector_bits = Count::unknown("the kernel tells the running process only");
  }
}

}  // namespace assay
