#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_view.hpp"

namespace assay {

enum class CpuidRegister { eax, ebx, ecx, edx };

/// The state that the operating system must save before an instruction set can be used (XCR0).
enum class VectorState { none, avx, avx512, amx };

struct IsaFeature {
  std::string_view name;  // as in /proc/cpuinfo
  std::uint32_t leaf;
  std::uint32_t subleaf;
  CpuidRegister in;
  unsigned bit;
  VectorState state;
};

inline constexpr std::size_t k_isa_feature_limit = 64;
using IsaSet = std::bitset<k_isa_feature_limit>;

/// Every instruction set that Assay knows on x86, in the order of reports.
std::span<const IsaFeature> isa_features();

/// What logical CPU `cpu` can run under its operating system. A recording that lacks XCR0 is taken
/// as one of a system that enabled all the silicon has (recordings of CPUID seldom hold XCR0).
/// Nothing when leaf 1 is not recorded.
std::optional<IsaSet> decode_isa(const CpuidSource& source, unsigned cpu);

std::vector<std::string> isa_names(const IsaSet& set);
/// The known features among the words of a "flags" line.
IsaSet isa_from_flags(std::string_view flags);

/// The highest x86-64 level (1 to 4) that the set contains; 0 for a processor without long mode.
/// Source: x86-64 psABI, table of micro-architecture levels.
unsigned x86_64_level(const IsaSet& set);

}  // namespace assay
