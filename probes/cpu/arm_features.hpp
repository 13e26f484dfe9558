#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace assay {

/// What an Arm kernel lets this process use: the two capability words of its auxiliary vector,
/// which the kernel calls the only reliable way to tell (elf_hwcaps).
struct ArmFeatures {
  std::vector<std::string> names;         // as in the "Features" of /proc/cpuinfo
  std::optional<std::uint32_t> sve_bits;  // length of SVE's vectors; nothing without SVE
};

/// The names of the bits of AT_HWCAP and AT_HWCAP2, in their order; bits that are not known here
/// are left out. Source: Linux arch/arm64/include/uapi/asm/hwcap.h and arch/arm64/kernel/cpuinfo.c.
std::vector<std::string> arm_feature_names(std::uint64_t hwcap, std::uint64_t hwcap2);

/// Of the running process; nothing on other processors than 64-bit Arm.
std::optional<ArmFeatures> live_arm_features();

}  // namespace assay
