#pragma once

#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/cost/work.hpp"

namespace assay {

/// How many times as fast as memory what was read so many bytes ago is read again: part of it may
/// still be in a cache. Between measured sizes by the logarithm of the size; beyond the last one,
/// and where nothing was measured, 1.
double reread_times(const std::vector<RereadSpeed>& speeds, double bytes);

/// A decode step whose bytes are as many as memory would deliver in the same time. A step reads
/// weights, keys and values in the same order as the one before, so that each byte comes again
/// after all of the step's; an expert comes again when it is chosen, after most of the others.
Work from_memory(Work step, const std::vector<RereadSpeed>& speeds);

}  // namespace assay
