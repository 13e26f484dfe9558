#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernels/tables.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace assay {
namespace {

#if defined(__x86_64__)
struct CpuidLeaf {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
};

CpuidLeaf cpuid(unsigned leaf) {
  CpuidLeaf out;
  __get_cpuid_count(leaf, 0, &out.eax, &out.ebx, &out.ecx, &out.edx);
  return out;
}

/// Which register state the operating system saves (XCR0). Requires OSXSAVE.
std::uint64_t saved_state() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
}

// Bit numbers: Intel Software Developer's Manual, volume 2, CPUID; volume 1, section 13.3 (XCR0).
LiveCpuFeatures read_features() {
  constexpr unsigned k_fma = 1U << 12;
  constexpr unsigned k_osxsave = 1U << 27;
  constexpr unsigned k_f16c = 1U << 29;
  constexpr unsigned k_avx2 = 1U << 5;
  constexpr std::uint64_t k_ymm_state = 0x6;
  LiveCpuFeatures features;
  const CpuidLeaf basic = cpuid(1);
  if ((basic.ecx & k_osxsave) == 0 || (saved_state() & k_ymm_state) != k_ymm_state) return features;
  features.avx2_fma_f16c =
      (basic.ecx & k_fma) != 0 && (basic.ecx & k_f16c) != 0 && (cpuid(7).ebx & k_avx2) != 0;
  return features;
}
#else
LiveCpuFeatures read_features() { return {}; }
#endif

/// One instruction set: its name, its parts (each laid over those before), and whether it may run.
struct Isa {
  KernelTable table;
  bool (*allowed)(const LiveCpuFeatures&);
};

/// Best first.
const auto& all_isas() {
  static const std::array isas{
      Isa{k_scalar_table, [](const LiveCpuFeatures&) { return true; }},
  };
  return isas;
}

}  // namespace

LiveCpuFeatures live_cpu_features() { return read_features(); }

std::vector<std::string> available_isas(const LiveCpuFeatures& features) {
  std::vector<std::string> names;
  for (const Isa& isa : all_isas()) {
    if (isa.allowed(features)) names.emplace_back(isa.table.isa);
  }
  return names;
}

Result<const KernelTable*> select_kernels(const LiveCpuFeatures& features, std::string_view isa) {
  for (const Isa& candidate : all_isas()) {
    const bool wanted = isa.empty() || isa == candidate.table.isa;
    if (wanted && candidate.allowed(features)) return &candidate.table;
  }
  return fail(ErrorCode::usage,
              fmt::format("'{}' does not exist or this processor lacks it (expected {})", isa,
                          fmt::join(available_isas(features), ", ")),
              "--isa");
}

const FormatKernels* format_kernels(const KernelTable& table, WeightFormat format) {
  for (const FormatKernels& kernels : table.formats) {
    if (kernels.panel_rows == 0) break;
    if (kernels.format == static_cast<std::uint32_t>(format)) return &kernels;
  }
  return nullptr;
}

}  // namespace assay
