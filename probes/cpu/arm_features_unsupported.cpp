// Processors that are not 64-bit Arm.
#include "probes/cpu/arm_features.hpp"

namespace assay {

std::optional<ArmFeatures> live_arm_features() { return std::nullopt; }

}  // namespace assay
