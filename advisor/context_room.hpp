#pragma once

#include <cstdint>

#include "advisor/prediction.hpp"

namespace assay {

/// The largest context whose memory is at most `budget`, in steps of 256 positions, and at most
/// what the model was trained for; 0 when not even one step fits. Memory grows linearly with the
/// context, so it is computed from two footprints.
std::uint64_t largest_context(const Question& question, Bytes budget);

}  // namespace assay
