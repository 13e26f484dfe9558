#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "probes/machine_profile.hpp"
#include "reference-engine/weight_format.hpp"
#include "workloads/run_result.hpp"

namespace assay {

enum class Basis { this_machine, profile };

/// How fast weights of one format are streamed and multiplied here. Ratios are of the read
/// bandwidth and of the compute peak; low and high bound what was seen.
struct FormatRate {
  std::string format;              // recipe name
  double decode_efficiency = 0.0;  // share of the read bandwidth reached in decode, overheads apart
  double decode_efficiency_low = 0.0;
  double decode_efficiency_high = 0.0;
  double prefill_flops_per_second = 0.0;
  double prefill_flops_per_second_low = 0.0;
  double prefill_flops_per_second_high = 0.0;
};

/// What turns bytes and operations into seconds on one machine.
struct Calibration {
  Basis basis = Basis::profile;
  unsigned threads = 1;
  double read_bandwidth_bytes_per_second = 0.0;
  double read_bandwidth_low = 0.0;
  double read_bandwidth_high = 0.0;
  std::vector<FormatRate> dense;
  std::vector<FormatRate> moe;
  double seconds_per_layer = 0.0;  // fixed cost of one layer of one token, bytes apart
  double seconds_per_token = 0.0;  // fixed cost of one token
  std::string origin;              // run id, or why there is none
};

/// From what was measured on this machine. Errors: unknown when the results hold no bandwidth.
Result<Calibration> calibrate(const MachineProfile& machine, const MicroResults& micro,
                              const std::vector<RunResult>& runs, unsigned threads);
/// From the profile alone, with wide intervals. Errors: unknown when not even memory bandwidth can
/// be assumed.
Result<Calibration> calibration_from_profile(const MachineProfile& machine,
                                             std::optional<double> bandwidth_bytes_per_second);

}  // namespace assay
