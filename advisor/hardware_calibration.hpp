#pragma once

#include "advisor/calibration.hpp"
#include "advisor/hardware.hpp"
#include "base/result.hpp"

namespace assay {

/// A named processor or GPU by its published bandwidth, with wide intervals; prefill by a
/// processor's instructions and cores, or by a GPU's published arithmetic where it has matrix units
/// or is Apple's; else it stays unknown. The engine
/// runs on processors only: what is said of a GPU holds for engines that use it as those do whose
/// speeds were published (docs/method.md). Errors: unknown when no source tells its bandwidth.
Result<Calibration> calibration_of_hardware(const NamedHardware& hardware);

}  // namespace assay
