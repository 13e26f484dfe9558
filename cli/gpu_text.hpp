#pragma once

#include <string>
#include <vector>

#include "advisor/gpu_answer.hpp"

namespace assay {

/// What a model would do on the machine's GPUs, for people: a line each, and how to ask llama.cpp
/// for it. Empty where there are none.
std::string gpu_text(const std::vector<GpuAnswer>& answers, unsigned width);

}  // namespace assay
