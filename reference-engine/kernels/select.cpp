#include <initializer_list>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/enum_table.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernels/lay_over.hpp"
#include "reference-engine/kernels/tables.hpp"
#include "reference-engine/kernels/tile_permission.hpp"

#if defined(__x86_64__)
#include <cpuid.h>

#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx_bf16/tables.hpp"
#include "reference-engine/kernels/x86_avx2/tables.hpp"
#include "reference-engine/kernels/x86_avx512/tables.hpp"
#include "reference-engine/kernels/x86_avx512_bf16/tables.hpp"
#include "reference-engine/kernels/x86_avx_vnni/tables.hpp"
#elif defined(__aarch64__)
#include <sys/auxv.h>

#include "reference-engine/kernels/arm_bf16/tables.hpp"
#include "reference-engine/kernels/arm_fhm/tables.hpp"
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

CpuidLeaf cpuid(unsigned leaf, unsigned subleaf = 0) {
  CpuidLeaf out;
  __get_cpuid_count(leaf, subleaf, &out.eax, &out.ebx, &out.ecx, &out.edx);
  return out;
}

/// Intel's processors: see FormatKernels::fetch_ahead.
bool gains_by_fetching_ahead() {
  const CpuidLeaf vendor = cpuid(0);
  return vendor.ebx == signature_INTEL_ebx && vendor.edx == signature_INTEL_edx &&
         vendor.ecx == signature_INTEL_ecx;
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
  constexpr unsigned k_avx_vnni = 1U << 4;                    // of leaf 7, sub-leaf 1
  constexpr unsigned k_avx512_bf16 = 1U << 5;                 // there, too
  constexpr unsigned k_amx = 1U << 22 | 1U << 24 | 1U << 25;  // BF16, TILE, INT8
  constexpr std::uint64_t k_ymm_state = 0x6;
  constexpr std::uint64_t k_zmm_state = 0xE6;
  constexpr std::uint64_t k_tile_state = 0x60000;
  LiveCpuFeatures features;
  const CpuidLeaf basic = cpuid(1);
  if ((basic.ecx & k_osxsave) == 0 || (saved_state() & k_ymm_state) != k_ymm_state) return features;
  const CpuidLeaf extended = cpuid(7);
  features.avx2_fma_f16c =
      (basic.ecx & k_fma) != 0 && (basic.ecx & k_f16c) != 0 && (extended.ebx & k_avx2) != 0;
  // Leaf 7 says in EAX which sub-leaves it has.
  const CpuidLeaf more = extended.eax >= 1 ? cpuid(7, 1) : CpuidLeaf{};
  features.avx_vnni = features.avx2_fma_f16c && (more.eax & k_avx_vnni) != 0;
  features.avx512_vnni = features.avx2_fma_f16c && (saved_state() & k_zmm_state) == k_zmm_state &&
                         (extended.ebx & k_avx512) == k_avx512 && (extended.ecx & k_vnni) != 0;
  features.avx512_bf16 = features.avx512_vnni && (more.eax & k_avx512_bf16) != 0;
  features.amx = features.avx512_bf16 && (saved_state() & k_tile_state) == k_tile_state &&
                 (extended.edx & k_amx) == k_amx && permit_tiles();
  return features;
}
#elif defined(__aarch64__)
// Bit numbers: Linux, arch/arm64/include/uapi/asm/hwcap.h.
LiveCpuFeatures read_features() {
  constexpr unsigned long k_halves = 1UL << 9 | 1UL << 10;  // FPHP, ASIMDHP
  constexpr unsigned long k_dot = 1UL << 20;                // ASIMDDP
  constexpr unsigned long k_fhm = 1UL << 23;                // ASIMDFHM
  constexpr unsigned long k_i8mm = 1UL << 13;               // of the second word
  constexpr unsigned long k_bf16 = 1UL << 14;               // there, too
  LiveCpuFeatures features;
  const unsigned long first = getauxval(AT_HWCAP);
  features.neon_dot = (first & k_halves) == k_halves && (first & k_dot) != 0;
  const unsigned long second = getauxval(AT_HWCAP2);
  features.i8mm = features.neon_dot && (second & k_i8mm) != 0;
  features.arm_bf16 = features.neon_dot && (second & k_bf16) != 0;
  features.arm_fhm = features.neon_dot && (first & k_fhm) != 0;
  return features;
}
#else
LiveCpuFeatures read_features() { return {}; }
#endif

#if !defined(__x86_64__)
bool gains_by_fetching_ahead() { return false; }
#endif

/// The scalar table with the parts of an instruction set over it.
KernelTable complete(std::initializer_list<const KernelTable*> parts) {
  KernelTable out = k_scalar_table;
  for (FormatKernels& kernels : out.formats) kernels.fetch_ahead = gains_by_fetching_ahead();
  for (CacheKernels& kernels : out.cache) kernels.fetch_ahead = gains_by_fetching_ahead();
  for (const KernelTable* part : parts) lay_over(out, *part);
  return out;
}

struct Isa {
  KernelTable table;
  bool (*allowed)(const LiveCpuFeatures&);
};

/// A table with native numerics, and the one that it is laid over.
struct NativeIsa {
  Isa isa;
  std::string_view base;
};

constexpr EnumTable<Numerics, 2> k_numerics{
    {{{Numerics::exact, "exact"}, {Numerics::native, "native"}}}};

#if defined(__x86_64__)
KernelTable avx2_table() {
  return complete({&k_avx2_plain, &k_avx2_small_formats, &k_avx2_large_formats, &k_avx2_k_quants,
                   &k_avx2_vector, &k_avx2_attention, &k_avx2_loops});
}

KernelTable over_avx2(std::initializer_list<const KernelTable*> parts) {
  KernelTable out = avx2_table();
  for (const KernelTable* part : parts) lay_over(out, *part);
  return out;
}

KernelTable avx_vnni_table() {
  return over_avx2({&k_avx_vnni_small_formats, &k_avx_vnni_large_formats, &k_avx_vnni_loops});
}

KernelTable avx512_table() {
  return over_avx2({&k_avx512_plain, &k_avx512_small_formats, &k_avx512_large_formats,
                    &k_avx512_attention, &k_avx512_vector, &k_avx512_loops});
}

KernelTable amx_table() {
  KernelTable out = avx512_table();
  for (const KernelTable* part :
       {&k_amx_attention, &k_amx_plain, &k_amx_small_formats, &k_amx_large_formats, &k_amx_loops}) {
    lay_over(out, *part);
  }
  return out;
}

KernelTable with_bf16(KernelTable table, const char* isa) {
  lay_over(table, k_avx512_bf16_products);
  lay_over(table, k_avx512_bf16_loops);
  table.isa = isa;
  return table;
}

KernelTable amx_bf16_table() {
  KernelTable out = with_bf16(amx_table(), "amx+avx512_bf16");
  lay_over(out, k_amx_bf16_products);
  lay_over(out, k_amx_bf16_loops);
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

template <bool LiveCpuFeatures::*... needed>
bool has(const LiveCpuFeatures& features) {
  return ((features.*needed) && ...);
}

KernelTable with_rounding(KernelTable table, std::initializer_list<const KernelTable*> products,
                          const char* isa) {
  for (const KernelTable* part : products) lay_over(table, *part);
  table.isa = isa;
  return table;
}
#endif

/// Best first.
const std::vector<Isa>& all_isas() {
  static const std::vector<Isa> isas{
#if defined(__x86_64__)
      {amx_table(), [](const LiveCpuFeatures& features) { return features.amx; }},
      {avx512_table(), [](const LiveCpuFeatures& features) { return features.avx512_vnni; }},
      {avx_vnni_table(), [](const LiveCpuFeatures& features) { return features.avx_vnni; }},
      {avx2_table(), [](const LiveCpuFeatures& features) { return features.avx2_fma_f16c; }},
#elif defined(__aarch64__)
      {i8mm_table(), [](const LiveCpuFeatures& features) { return features.i8mm; }},
      {neon_table(), [](const LiveCpuFeatures& features) { return features.neon_dot; }},
#endif
      {complete({}), [](const LiveCpuFeatures&) { return true; }},
  };
  return isas;
}

/// Best first.
const std::vector<NativeIsa>& all_native_isas() {
  static const std::vector<NativeIsa> isas{
#if defined(__x86_64__)
      {{amx_bf16_table(), [](const LiveCpuFeatures& features) { return features.amx; }}, "amx"},
      {{with_bf16(avx512_table(), "avx512_bf16"),
        [](const LiveCpuFeatures& features) { return features.avx512_bf16; }},
       "avx512"},
#elif defined(__aarch64__)
      {{with_rounding(i8mm_table(), {&k_arm_bf16_products, &k_arm_bf16_loops, &k_arm_fhm_products},
                      "i8mm+bf16+fhm"),
        has<&LiveCpuFeatures::i8mm, &LiveCpuFeatures::arm_bf16, &LiveCpuFeatures::arm_fhm>},
       "i8mm"},
      {{with_rounding(i8mm_table(), {&k_arm_bf16_products, &k_arm_bf16_loops}, "i8mm+bf16"),
        has<&LiveCpuFeatures::i8mm, &LiveCpuFeatures::arm_bf16>},
       "i8mm"},
      {{with_rounding(i8mm_table(), {&k_arm_fhm_products}, "i8mm+fhm"),
        has<&LiveCpuFeatures::i8mm, &LiveCpuFeatures::arm_fhm>},
       "i8mm"},
      {{with_rounding(neon_table(), {&k_arm_bf16_products, &k_arm_bf16_loops, &k_arm_fhm_products},
                      "neon+bf16+fhm"),
        has<&LiveCpuFeatures::arm_bf16, &LiveCpuFeatures::arm_fhm>},
       "neon"},
      {{with_rounding(neon_table(), {&k_arm_bf16_products, &k_arm_bf16_loops}, "neon+bf16"),
        has<&LiveCpuFeatures::arm_bf16>},
       "neon"},
      {{with_rounding(neon_table(), {&k_arm_fhm_products}, "neon+fhm"),
        has<&LiveCpuFeatures::arm_fhm>},
       "neon"},
#endif
  };
  return isas;
}

Result<const KernelTable*> select_native(const LiveCpuFeatures& features, std::string_view isa) {
  std::vector<std::string_view> bases;
  for (const NativeIsa& native : all_native_isas()) {
    if (!native.isa.allowed(features)) continue;
    if (isa.empty() || isa == native.base) return &native.isa.table;
    if (bases.empty() || bases.back() != native.base) bases.push_back(native.base);
  }
  if (bases.empty()) {
    return fail(ErrorCode::usage,
                "native: this processor has no 16-bit arithmetic of its own that the engine uses "
                "(AVX512-BF16; on AArch64 BF16 or FHM; expected exact)",
                "--numerics");
  }
  return fail(ErrorCode::usage,
              fmt::format("native: the kernels '{}' have no 16-bit arithmetic of their own "
                          "(expected --isa {})",
                          isa, fmt::join(bases, ", ")),
              "--numerics");
}

}  // namespace

std::string_view numerics_name(Numerics numerics) { return k_numerics.name(numerics); }

Result<Numerics> numerics_of_name(std::string_view name) {
  if (const auto numerics = k_numerics.value(name)) return *numerics;
  return fail(ErrorCode::usage, fmt::format("'{}' (expected exact, native)", name), "--numerics");
}

LiveCpuFeatures live_cpu_features() { return read_features(); }

std::vector<std::string> available_isas(const LiveCpuFeatures& features) {
  std::vector<std::string> names;
  for (const Isa& isa : all_isas()) {
    if (isa.allowed(features)) names.emplace_back(isa.table.isa);
  }
  return names;
}

Result<const KernelTable*> select_kernels(const LiveCpuFeatures& features, std::string_view isa,
                                          Numerics numerics) {
  for (const Isa& candidate : all_isas()) {
    const bool wanted = isa.empty() || isa == candidate.table.isa;
    if (!wanted || !candidate.allowed(features)) continue;
    if (numerics == Numerics::native) return select_native(features, isa);
    return &candidate.table;
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
