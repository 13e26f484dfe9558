#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/hardware.hpp"
#include "advisor/offload.hpp"
#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"
#include "base/fact.hpp"
#include "base/json.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// What a model would do on a GPU that a machine has, in an engine that uses it: estimated from
/// what is published of the GPU.
struct GpuAnswer {
  std::string name;                      // of the table where it is known, else the driver's
  std::uint64_t count = 1;               // alike ones; the answer is of one of them
  bool shared_with_cpu = false;          // its memory is the machine's: never to be added to it
  Fact<Bytes> memory;                    // that a model may use
  std::optional<Offload> offload;        // the fastest way that fits; nothing where none does
  Estimate prefill_tokens_per_second;    // of a model that is whole in its memory
  Estimate time_to_first_token_seconds;  // the same
  std::string source;                    // of the bandwidth
  std::string why;                       // one sentence
};

/// Of each GPU of the machine, software and display adapters apart; alike ones once.
/// `processor` and `available` are what the machine's own verdict rests on. A GPU that neither the
/// table nor its driver describes, or whose memory is not known, has an answer without `offload`
/// that says so.
std::vector<GpuAnswer> gpu_answers(const Question& question, const MachineProfile& machine,
                                   const std::optional<Calibration>& processor,
                                   const Fact<Bytes>& available, const Policy& policy,
                                   const HardwareTable& table);

/// A member of gpus[] of the result document.
Json gpu_answer_to_json(const GpuAnswer& answer);

}  // namespace assay
