#pragma once

#include "reports/assessment.hpp"

namespace assay {

/// An assessment with every part: known, absent and unknown facts; runs that are valid, noisy and
/// invalid; verdicts of all kinds. The figures are of no real machine.
Assessment sample_assessment();

}  // namespace assay
