// Asks the kernel of a running 64-bit Arm machine. Built for aarch64 Linux only.
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "probes/cpu/arm_features.hpp"

namespace assay {

std::optional<ArmFeatures> live_arm_features() {
  constexpr std::uint64_t k_sve = std::uint64_t{1} << 22U;  // of AT_HWCAP
  constexpr int k_get_sve_length = 51;                      // PR_SVE_GET_VL
  constexpr unsigned k_length_mask = 0xFFFF;                // bytes; flags lie above
  const std::uint64_t hwcap = ::getauxval(AT_HWCAP);
  ArmFeatures features{arm_feature_names(hwcap, ::getauxval(AT_HWCAP2)), std::nullopt};
  if ((hwcap & k_sve) == 0) return features;
  const int length = ::prctl(k_get_sve_length, 0, 0, 0, 0);
  if (length > 0) features.sve_bits = (static_cast<unsigned>(length) & k_length_mask) * 8;
  return features;
}

}  // namespace assay
