#pragma once

#include <optional>
#include <string>
#include <vector>

#include "advisor/hardware.hpp"
#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

/// A processor, or a GPU with one of the sizes of memory that it is sold with, that would do.
struct PlannedMachine {
  std::string name;
  std::string device;  // "cpu" or "gpu"
  std::string segment;
  Bytes memory;  // installed: the least that it is sold with and that would do
  double bandwidth_bytes_per_second =
      0.0;  // rated; of a processor without, what it was seen to read
  Estimate decode_tokens_per_second;
  Estimate time_to_first_token_seconds;  // of the use's prompt
  std::string source;                    // of the bandwidth
};

/// What a machine needs to run a model at a rate. Everything is estimated from published
/// bandwidths.
struct MachinePlan {
  Bytes needed;     // at the peak
  Bytes available;  // so that `needed` is within the policy's ok
  Bytes installed;  // the least of the usual sizes that leaves the system its part
  /// Arithmetic of the use's prompt, and what must be reached of it to read the prompt within the
  /// policy's ok and comfortable.
  double prompt_flops = 0.0;
  double prompt_flops_per_second = 0.0;
  double comfortable_prompt_flops_per_second = 0.0;
  /// Rated bandwidth of a machine's main memory at which the rate is expected, and at which even
  /// the slow end of the interval has it; nothing where no bandwidth would do.
  std::optional<double> bandwidth_bytes_per_second;
  std::optional<double> safe_bandwidth_bytes_per_second;
  unsigned cores = 1;                      // of that machine: the table's median
  std::vector<PlannedMachine> processors;  // those that do, the least bandwidth first
  std::vector<PlannedMachine> gpus;
};

/// Which machines of the table decode at least `rate` tokens/s, and are sold with the memory.
/// Requires rate > 0.
MachinePlan plan_machine(const Question& question, double rate, const Policy& policy,
                         const HardwareTable& table);

/// `{schema: "assay.plan/1", ...}`, units in the names.
Json plan_json(const Question& question, double rate, const MachinePlan& plan);

}  // namespace assay
