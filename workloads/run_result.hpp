#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fact.hpp"
#include "base/units.hpp"
#include "reference-engine/footprint.hpp"
#include "workloads/placed_read.hpp"
#include "workloads/quality_result.hpp"
#include "workloads/statistic.hpp"
#include "workloads/storage_speed.hpp"

namespace assay {

enum class Validity { ok, noisy, unstable, invalid };
std::string_view validity_name(Validity validity);
std::optional<Validity> validity_from_name(std::string_view name);

/// What was run: a model and its format.
struct RunModel {
  std::string id;
  std::string source;  // "synthetic" or "gguf"
  std::string architecture;
  std::uint64_t parameters = 0;
  std::uint64_t active_parameters = 0;
  std::string format;  // recipe or the file's name of its mixture
  Bytes weight_bytes;
  bool is_slice = false;  // real widths, fewer layers (quick suite)
  std::uint32_t layers = 0;
  std::uint32_t full_layers = 0;
};

struct RunEngine {
  std::string name = "assay";
  std::string isa;
  unsigned threads = 1;
  std::string numerics = "int8-activations";  // how products see their activations
};

struct Verification {
  bool passed = false;
  std::optional<double> logit_nmse;  // absent when the kernels failed before it
  std::uint64_t kernels_checked = 0;
  std::string reason;  // why it failed
};

struct LatencyPercentiles {
  double p50 = 0.0, p90 = 0.0, p95 = 0.0, p99 = 0.0;
};

/// One workload on one model: all samples, so that every figure can be computed again. Rates in
/// tokens per second, times in seconds. A part that the workload does not have is absent.
struct RunResult {
  std::string workload;
  RunModel model;
  RunEngine engine;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  std::uint32_t context_depth = 0;
  std::string cache_type = "f16";

  std::optional<Statistic> prefill_tokens_per_second;
  std::optional<Statistic> decode_tokens_per_second;
  std::optional<Statistic> time_to_first_token_seconds;
  std::optional<LatencyPercentiles> inter_token_latency_seconds;
  std::vector<double> token_trace_seconds;  // inter-token times of the last repetition

  double decode_bytes_per_token = 0.0;   // weights, and the cache up to the mean depth
  double head_bytes_per_token = 0.0;     // of these, the output head's
  double prefill_flops_per_token = 0.0;  // of the layers, attention included at the mean depth
  Fact<double>
      decode_bandwidth_utilization_ratio;  // of the read bandwidth measured with as many threads
  Fact<double> prefill_compute_utilization_ratio;  // of the peak named by prefill_peak
  std::string prefill_peak;                        // "int8_ops_per_second", "fma_flops_per_second",
                                                   // "bf16_flops_per_second"

  Fact<double> decode_joules_per_token;  // of the packages, idle draw included
  Fact<double> load_cold_seconds;
  Fact<double> load_warm_seconds;
  Bytes predicted_peak;
  Fact<Bytes> measured_peak;
  std::optional<Quality> quality;  // only of a run that compares with a reference
  std::optional<Verification> verification;
  std::string verification_absent_reason;
  Validity validity = Validity::ok;
  std::vector<std::string> reasons;
  double wall_seconds = 0.0;
};

/// Read bandwidth of so much memory that is read over and over: what a cache holds of it is read
/// faster.
struct SizedRead {
  Bytes size;
  Statistic bytes_per_second;
};

/// What trials of kernels and attention read over and over, or all the memory that they get: as
/// much as decode reads of a small model.
inline constexpr Bytes k_trial_memory = mebibytes(512);

/// What the kernels of one weight format reach by themselves.
struct KernelSpeed {
  std::string format;                 // "Q4_K"
  Statistic decode_bytes_per_second;  // weights in memory times one column
  Statistic prefill_ops_per_second;   // times 256 columns
};

/// What the attention of a decode step reaches over keys and values in F16 in memory, in heads of
/// 128 values that `group` queries share.
struct AttentionSpeed {
  std::uint32_t group = 1;
  Statistic positions_per_second;  // of one K/V head: 512 bytes each
};

/// The machine's limits, by thread count, measured.
struct MicroResults {
  std::map<unsigned, Statistic> read_bandwidth_bytes_per_second;
  std::map<unsigned, Statistic> fma_flops_per_second;
  std::map<unsigned, Statistic> int8_ops_per_second;
  std::map<unsigned, Statistic> bf16_flops_per_second;  // with native numerics only
  std::map<unsigned, std::string> read_pattern;  // which was fastest: "4 streams, huge pages"
  // Only where a suite was run: by rising size, the last is memory's; of each format; of one query
  // and of four.
  std::map<unsigned, std::vector<SizedRead>> read_by_size;
  std::map<unsigned, std::vector<KernelSpeed>> kernels;
  std::map<unsigned, std::vector<AttentionSpeed>> attention;
  std::string isa;
  std::vector<PlacedRead> placed_reads;  // by kind of core and by memory node
  std::optional<StorageSpeed> storage;
  [[nodiscard]] bool empty() const { return read_bandwidth_bytes_per_second.empty(); }
};

}  // namespace assay
