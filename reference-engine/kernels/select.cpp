#include <initializer_list>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernels/tables.hpp"

#if defined(__x86_64__)
#include <cpuid.h>

#include "reference-engine/kernels/x86_avx2/tables.hpp"
#include "reference-engine/kernels/x86_avx512/tables.hpp"
#elif defined(__aarch64__)
#include <sys/auxv.h>

#include "reference-engine/kernels/arm_i8mm/tables.hpp"
#include "reference-engine/kernels/arm_neon/tables.hpp"
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
  constexpr unsigned k_avx512 = 1U << 16 | 1U << 17 | 1U << 30 | 1U << 31;  // F, DQ, BW, VL
  constexpr unsigned k_vnni = 1U << 11;
  constexpr std::uint64_t k_ymm_state = 0x6;
  constexpr std::uint64_t k_zmm_state = 0xE6;
  LiveCpuFeatures features;
  const CpuidLeaf basic = cpuid(1);
  if ((basic.ecx & k_osxsave) == 0 || (saved_state() & k_ymm_state) != k_ymm_state) return features;
  const CpuidLeaf extended = cpuid(7);
  features.avx2_fma_f16c =
      (basic.ecx & k_fma) != 0 && (basic.ecx & k_f16c) != 0 && (extended.ebx & k_avx2) != 0;
  features.avx512_vnni = features.avx2_fma_f16c && (saved_state() & k_zmm_state) == k_zmm_state &&
                         (extended.ebx & k_avx512) == k_avx512 && (extended.ecx & k_vnni) != 0;
  return features;
}
#elif defined(__aarch64__)
// Bit numbers: Linux, arch/arm64/include/uapi/asm/hwcap.h.
LiveCpuFeatures read_features() {
  constexpr unsigned long k_halves = 1UL << 9 | 1UL << 10;  // FPHP, ASIMDHP
  constexpr unsigned long k_dot = 1UL << 20;                // ASIMDDP
  constexpr unsigned long k_i8mm = 1UL << 13;               // of the second word
  LiveCpuFeatures features;
  const unsigned long first = getauxval(AT_HWCAP);
  features.neon_dot = (first & k_halves) == k_halves && (first & k_dot) != 0;
  features.i8mm = features.neon_dot && (getauxval(AT_HWCAP2) & k_i8mm) != 0;
  return features;
}
#else
LiveCpuFeatures read_features() { return {}; }
#endif

template <typename T>
void take(T& into, const T& from) {
  if (from != T{}) into = from;
}

void lay_over(FormatKernels& out, const FormatKernels& part) {
  out.format = part.format;
  out.panel_rows = part.panel_rows;
  out.takes_q8 = part.takes_q8;
  take(out.pack, part.pack);
  take(out.decode_row, part.decode_row);
  take(out.multiply, part.multiply);
  take(out.multiply_streams, part.multiply_streams);
}

/// Puts what `part` overrides on top of a table.
void lay_over(KernelTable& out, const KernelTable& part) {
  out.isa = part.isa;
  for (const FormatKernels& kernels : part.formats) {
    if (kernels.panel_rows == 0) break;
    for (FormatKernels& slot : out.formats) {
      if (slot.panel_rows != 0 && slot.format != kernels.format) continue;
      lay_over(slot, kernels);
      break;
    }
  }
  take(out.quantise_q8, part.quantise_q8);
  take(out.dot_f32, part.dot_f32);
  take(out.add_scaled, part.add_scaled);
  take(out.sum_of_squares, part.sum_of_squares);
  take(out.scale_by, part.scale_by);
  take(out.maximum, part.maximum);
  take(out.exp_sum, part.exp_sum);
  take(out.silu_multiply, part.silu_multiply);
  take(out.advance_state, part.advance_state);
  take(out.f32_to_f16, part.f32_to_f16);
  take(out.f16_to_f32, part.f16_to_f32);
  for (std::size_t i = 0; i < k_cache_formats; ++i) {
    take(out.cache[i].scores, part.cache[i].scores);
    take(out.cache[i].mix, part.cache[i].mix);
  }
  take(out.read_stream, part.read_stream);
  take(out.fma_loop, part.fma_loop);
  take(out.fma_flops_per_step, part.fma_flops_per_step);
  take(out.int8_loop, part.int8_loop);
  take(out.int8_ops_per_step, part.int8_ops_per_step);
}

/// The scalar table with the parts of an instruction set over it.
KernelTable complete(std::initializer_list<const KernelTable*> parts) {
  KernelTable out = k_scalar_table;
  for (const KernelTable* part : parts) lay_over(out, *part);
  return out;
}

struct Isa {
  KernelTable table;
  bool (*allowed)(const LiveCpuFeatures&);
};

#if defined(__x86_64__)
KernelTable avx2_table() {
  return complete({&k_avx2_plain, &k_avx2_small_formats, &k_avx2_large_formats, &k_avx2_k_quants,
                   &k_avx2_vector, &k_avx2_attention, &k_avx2_loops});
}

KernelTable avx512_table() {
  KernelTable out = avx2_table();
  for (const KernelTable* part : {&k_avx512_plain, &k_avx512_small_formats, &k_avx512_large_formats,
                                  &k_avx512_attention, &k_avx512_vector, &k_avx512_loops}) {
    lay_over(out, *part);
  }
  return out;
}
#elif defined(__aarch64__)
KernelTable neon_table() {
  return complete({&k_neon_plain, &k_neon_small_formats, &k_neon_large_formats, &k_neon_vector,
                   &k_neon_attention, &k_neon_loops});
}

KernelTable i8mm_table() {
  KernelTable out = neon_table();
  for (const KernelTable* part : {&k_i8mm_small_formats, &k_i8mm_large_formats, &k_i8mm_loops}) {
    lay_over(out, *part);
  }
  return out;
}
#endif

/// Best first.
const std::vector<Isa>& all_isas() {
  static const std::vector<Isa> isas{
#if defined(__x86_64__)
      {avx512_table(), [](const LiveCpuFeatures& features) { return features.avx512_vnni; }},
      {avx2_table(), [](const LiveCpuFeatures& features) { return features.avx2_fma_f16c; }},
#elif defined(__aarch64__)
      {i8mm_table(), [](const LiveCpuFeatures& features) { return features.i8mm; }},
      {neon_table(), [](const LiveCpuFeatures& features) { return features.neon_dot; }},
#endif
      {complete({}), [](const LiveCpuFeatures&) { return true; }},
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
