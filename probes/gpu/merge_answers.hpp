#pragma once

#include <string>
#include <vector>

#include "probes/gpu/vendor_libraries.hpp"
#include "probes/profile/gpu_profile.hpp"

namespace assay {

/// Puts what libraries say into the GPUs, by PCI address; a library that tells none is matched by
/// vendor and device id. What is known already stays. Devices that the bus does not show are added
/// at the end, software ones last. What a library could not say becomes the reason of its facts.
void merge_answers(const std::vector<LibraryAnswer>& answers, std::vector<GpuProfile>& gpus);

/// A GPU of which nobody has told anything; every fact is unknown for the same reason.
GpuProfile unknown_gpu(const std::string& reason);

}  // namespace assay
