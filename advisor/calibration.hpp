#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fact.hpp"
#include "base/result.hpp"
#include "probes/machine_profile.hpp"
#include "reference-engine/weight_format.hpp"
#include "workloads/run_result.hpp"

namespace assay {

/// What rates rest on: measurements of the machine that is judged, those of a result that was given
/// and is another machine's, or the description alone.
enum class Basis { this_machine, given_result, profile };
std::string_view basis_name(Basis basis);
std::optional<Basis> basis_from_name(std::string_view name);

/// How fast weights of one storage format are streamed and multiplied here; low and high bound what
/// is plausible. Efficiencies are shares of the read bandwidth; a rate of 0 is not known.
struct FormatRate {
  std::string format;              // as stored: "Q4_K"
  double decode_efficiency = 0.0;  // share of the read bandwidth reached in decode, overheads apart
  double decode_efficiency_low = 0.0;
  double decode_efficiency_high = 0.0;
  double prefill_flops_per_second = 0.0;
  double prefill_flops_per_second_low = 0.0;
  double prefill_flops_per_second_high = 0.0;
  bool borrowed = false;  // no run had the format: taken from another one
};

/// Reading the same so many bytes over and over is `times` as fast as reading memory.
struct RereadSpeed {
  double bytes = 0.0;
  double times = 1.0;  // at least 1
};

/// The share of a rated bandwidth that processors reach: the median of what was measured.
inline constexpr double k_reached_of_rated = 0.75;

/// What turns bytes and operations into seconds on one machine (docs/method.md has the formulas).
struct Calibration {
  Basis basis = Basis::profile;
  bool from_published_figures = false;  // of hardware that was named: nothing can be run on it
  unsigned threads = 1;
  double read_bandwidth_bytes_per_second = 0.0;
  bool is_share_of_rated = false;  // that is `k_reached_of_rated` of what buyers are told
  double read_bandwidth_low = 0.0;
  double read_bandwidth_high = 0.0;
  std::vector<RereadSpeed> reread;     // by rising size; empty: 1 for any
  double fma_flops_per_second = 0.0;   // float32 peak, of as many threads; 0 is not known
  std::vector<FormatRate> dense;       // attention, dense layers, head
  std::vector<FormatRate> moe;         // expert matrices
  double seconds_per_layer = 0.0;      // fixed cost of one layer of one token, bytes apart
  double seconds_per_moe_layer = 0.0;  // added to that by a layer of experts: routing, gathering
  double seconds_per_token = 0.0;      // fixed cost of one token
  double cache_efficiency = 0.0;       // share of the read bandwidth on keys and values
  double cache_interval = 0.0;         // of the time of reading them: that share up or down
  double seconds_per_score = 0.0;      // of a query and a key in decode, besides reading
  double score_interval = 0.0;         // of it
  double attention_flops_per_second = 0.0;  // in prefill; 0 is not known
  double attention_interval = 0.0;          // of the time that it takes
  double seconds_per_element = 0.0;         // in prefill, of what is no product
  double pass_read_factor = 1.0;        // what a pass of prefill spends on a byte of its weights,
                                        // products apart, over what decode does: of block formats
  double plain_pass_read_factor = 1.0;  // the same of plain ones
  Fact<double> decode_watts;            // drawn while tokens were generated, where runs counted it
  std::string origin;                   // run id, or what stands in for one
};

/// From what was measured on this machine with `threads` threads. Runs of other thread counts,
/// invalid ones and ones of models outside the suite are left aside. Errors: unknown when the
/// results hold no bandwidth or no usable run.
Result<Calibration> calibrate(const MachineProfile& machine, const MicroResults& micro,
                              const std::vector<RunResult>& runs, unsigned threads);
/// The same costs as shares of limits that were measured at another time: what reads memory follows
/// the bandwidth, what computes the float32 peak. Limits that `micro` lacks stay.
Calibration with_limits(const Calibration& calibration, const MicroResults& micro);
/// A bandwidth that a description or a driver tells, where a memory can have it.
std::optional<double> plausible_bandwidth(const Fact<double>& told);
/// What the machine drew while valid runs with so many threads decoded, W: joules per token times
/// tokens per second, the median. Unknown where no run counted energy.
Fact<double> decode_watts(const std::vector<RunResult>& runs, unsigned threads);
/// From the description alone, with wide intervals; prefill only where its instructions are known.
/// `bandwidth_bytes_per_second` is the memory's rated bandwidth; without it the profile's is taken.
/// `threads` is how many work; without it as many as the profile has processors, or one.
/// Errors: unknown when neither is there, or no memory has such a bandwidth.
Result<Calibration> calibration_from_profile(const MachineProfile& machine,
                                             std::optional<double> bandwidth_bytes_per_second,
                                             std::optional<unsigned> threads = std::nullopt);

}  // namespace assay
