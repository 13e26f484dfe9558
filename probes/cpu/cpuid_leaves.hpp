#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/host_view.hpp"

namespace assay {

/// The leaves of one logical CPU, within the ranges that it says it has. Outside of them a
/// processor answers with nonsense, and so do recordings.
class CpuidLeaves {
 public:
  CpuidLeaves(const CpuidSource& source, unsigned cpu);

  [[nodiscard]] std::optional<CpuidRegisters> find(std::uint32_t leaf,
                                                   std::uint32_t subleaf = 0) const;
  [[nodiscard]] std::uint32_t last_basic_leaf() const { return last_basic_; }

 private:
  const CpuidSource& source_;
  unsigned cpu_;
  std::uint32_t last_basic_ = 0;
  std::uint32_t last_extended_ = 0;
};

/// The twelve letters of leaf 0: "GenuineIntel". Nothing when they are not recorded or not text.
std::optional<std::string> cpuid_vendor(const CpuidLeaves& leaves);
/// Runs of blanks as one: brand strings are padded.
std::string fold_blanks(std::string_view text);

/// Leaves 0x80000002 to 4, blanks folded.
std::optional<std::string> cpuid_brand(const CpuidLeaves& leaves);

struct CpuSignature {
  std::uint32_t family;
  std::uint32_t model;
  std::uint32_t stepping;
};
std::optional<CpuSignature> cpuid_signature(const CpuidLeaves& leaves);

/// The hypervisor by its own words in leaf 0x40000000: "KVM", or its letters when they are not
/// known here. Nothing on bare metal; "unnamed" for one that hides its name.
std::optional<std::string> cpuid_hypervisor(const CpuidSource& source, unsigned cpu);

}  // namespace assay
