#pragma once

#include <optional>

#include "probes/machine_profile.hpp"

namespace assay {

/// Operations per second that products of a prompt are believed to reach, all cores together:
/// expected by the reference engine, and between what the slowest and the fastest engine and clock
/// that were seen give.
struct PromptPrior {
  struct Range {
    double low = 0.0;
    double expected = 0.0;
    double high = 0.0;
  };
  Range integer;  // block formats, in products of int8
  Range plain;    // F32, F16, BF16 and attention
};

/// From the instructions of a processor and its kinds of cores; `threads` of them work, fast cores
/// first. Nothing where the instructions are not told, or none was seen at work.
std::optional<PromptPrior> prompt_prior(const CpuProfile& cpu, unsigned threads);

}  // namespace assay
