#include "probes/cpu/isa_features.hpp"

#include <array>

#include "base/text.hpp"
#include "probes/cpu/cpuid_leaves.hpp"

namespace assay {
namespace {

using enum CpuidRegister;
using State = VectorState;

// Bit numbers: Intel SDM volume 2A (CPUID) and AMD APM volume 3, appendix E.
constexpr std::array k_features{
    IsaFeature{"lm", 0x80000001, 0, edx, 29, State::none},
    IsaFeature{"sse2", 1, 0, edx, 26, State::none},
    IsaFeature{"pni", 1, 0, ecx, 0, State::none},  // SSE3
    IsaFeature{"ssse3", 1, 0, ecx, 9, State::none},
    IsaFeature{"sse4_1", 1, 0, ecx, 19, State::none},
    IsaFeature{"sse4_2", 1, 0, ecx, 20, State::none},
    IsaFeature{"cx16", 1, 0, ecx, 13, State::none},
    IsaFeature{"movbe", 1, 0, ecx, 22, State::none},
    IsaFeature{"popcnt", 1, 0, ecx, 23, State::none},
    IsaFeature{"lahf_lm", 0x80000001, 0, ecx, 0, State::none},
    IsaFeature{"abm", 0x80000001, 0, ecx, 5, State::none},  // LZCNT
    IsaFeature{"bmi1", 7, 0, ebx, 3, State::none},
    IsaFeature{"bmi2", 7, 0, ebx, 8, State::none},
    IsaFeature{"avx", 1, 0, ecx, 28, State::avx},
    IsaFeature{"f16c", 1, 0, ecx, 29, State::avx},
    IsaFeature{"fma", 1, 0, ecx, 12, State::avx},
    IsaFeature{"avx2", 7, 0, ebx, 5, State::avx},
    IsaFeature{"avx_vnni", 7, 1, eax, 4, State::avx},
    IsaFeature{"avx_ifma", 7, 1, eax, 23, State::avx},
    IsaFeature{"avx_vnni_int8", 7, 1, edx, 4, State::avx},
    IsaFeature{"avx_ne_convert", 7, 1, edx, 5, State::avx},
    IsaFeature{"avx_vnni_int16", 7, 1, edx, 10, State::avx},
    IsaFeature{"avx10", 7, 1, edx, 19, State::avx512},
    IsaFeature{"avx512f", 7, 0, ebx, 16, State::avx512},
    IsaFeature{"avx512dq", 7, 0, ebx, 17, State::avx512},
    IsaFeature{"avx512ifma", 7, 0, ebx, 21, State::avx512},
    IsaFeature{"avx512cd", 7, 0, ebx, 28, State::avx512},
    IsaFeature{"avx512bw", 7, 0, ebx, 30, State::avx512},
    IsaFeature{"avx512vl", 7, 0, ebx, 31, State::avx512},
    IsaFeature{"avx512vbmi", 7, 0, ecx, 1, State::avx512},
    IsaFeature{"avx512_vbmi2", 7, 0, ecx, 6, State::avx512},
    IsaFeature{"avx512_vnni", 7, 0, ecx, 11, State::avx512},
    IsaFeature{"avx512_bitalg", 7, 0, ecx, 12, State::avx512},
    IsaFeature{"avx512_vpopcntdq", 7, 0, ecx, 14, State::avx512},
    IsaFeature{"avx512_fp16", 7, 0, edx, 23, State::avx512},
    IsaFeature{"avx512_bf16", 7, 1, eax, 5, State::avx512},
    IsaFeature{"amx_tile", 7, 0, edx, 24, State::amx},
    IsaFeature{"amx_int8", 7, 0, edx, 25, State::amx},
    IsaFeature{"amx_bf16", 7, 0, edx, 22, State::amx},
    IsaFeature{"amx_fp16", 7, 1, eax, 21, State::amx},
    IsaFeature{"amx_complex", 7, 1, edx, 8, State::amx},
};
static_assert(k_features.size() <= k_isa_feature_limit);

bool has_bit(const CpuidRegisters& registers, CpuidRegister in, unsigned bit) {
  switch (in) {
    case eax:
      return ((registers.eax >> bit) & 1U) != 0;
    case ebx:
      return ((registers.ebx >> bit) & 1U) != 0;
    case ecx:
      return ((registers.ecx >> bit) & 1U) != 0;
    case edx:
      return ((registers.edx >> bit) & 1U) != 0;
  }
  return false;
}

/// XCR0 components: 1 SSE, 2 AVX; 5 to 7 AVX-512 (opmask, high halves, high registers); 17 and 18
/// AMX (tile configuration, tile data).
bool is_enabled(VectorState state, std::uint64_t xcr0) {
  constexpr std::uint64_t k_avx = 0x6;
  constexpr std::uint64_t k_avx512 = k_avx | 0xE0;
  constexpr std::uint64_t k_amx = 0x60000;
  const auto holds = [xcr0](std::uint64_t wanted) { return (xcr0 & wanted) == wanted; };
  switch (state) {
    case State::none:
      return true;
    case State::avx:
      return holds(k_avx);
    case State::avx512:
      return holds(k_avx512);
    case State::amx:
      return holds(k_amx);
  }
  return false;
}

std::optional<std::size_t> index_of(std::string_view name) {
  for (std::size_t i = 0; i < k_features.size(); ++i) {
    if (k_features[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

std::span<const IsaFeature> isa_features() { return k_features; }

std::optional<IsaSet> decode_isa(const CpuidSource& source, unsigned cpu) {
  const CpuidLeaves leaves(source, cpu);
  if (!leaves.find(1)) return std::nullopt;
  const std::uint64_t xcr0 = source.xcr0().value_or(~std::uint64_t{0});
  IsaSet set;
  for (std::size_t i = 0; i < k_features.size(); ++i) {
    const IsaFeature& feature = k_features[i];
    const auto registers = leaves.find(feature.leaf, feature.subleaf);
    set[i] = registers && has_bit(*registers, feature.in, feature.bit) &&
             is_enabled(feature.state, xcr0);
  }
  return set;
}

std::vector<std::string> isa_names(const IsaSet& set) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < k_features.size(); ++i) {
    if (set[i]) names.emplace_back(k_features[i].name);
  }
  return names;
}

IsaSet isa_from_flags(std::string_view flags) {
  IsaSet set;
  for (const std::string_view word : split(flags, ' ')) {
    if (const auto index = index_of(trim(word))) set.set(*index);
  }
  return set;
}

unsigned x86_64_level(const IsaSet& set) {
  const auto holds = [&set](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      const auto index = index_of(name);
      if (!index || !set[*index]) return false;
    }
    return true;
  };
  if (!holds({"lm", "sse2"})) return 0;
  if (!holds({"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"})) return 1;
  if (!holds({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"})) return 2;
  if (!holds({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})) return 3;
  return 4;
}

}  // namespace assay
