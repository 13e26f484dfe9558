#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "workloads/bench.hpp"
#include "workloads/generator.hpp"
#include "workloads/measure/clock.hpp"
#include "workloads/measure/energy.hpp"

namespace assay {

/// One pass through a workload. Times in seconds since the prompt was handed over (t_0).
struct Repetition {
  double prefill_seconds = 0.0;      // the forward passes of the prompt
  std::vector<double> token_times;   // when token i was complete
  std::vector<TokenId> tokens;       // what came out
  std::size_t logits_hash = 0;       // of those behind the last token, where the engine tells them
  std::optional<std::string> fault;  // the engine did not do what it was asked for
  Fact<double> decode_joules;        // from the first token to the last

  [[nodiscard]] double end() const {
    return token_times.empty() ? prefill_seconds : token_times.back();
  }
};

/// What a warm-up runs: the whole prompt, for its passes are the widest, but only a few steps of
/// decode.
WorkloadSpec warm_up_of(WorkloadSpec workload);

/// How many positions an engine holds after a workload.
std::uint32_t positions_after(const WorkloadSpec& workload);

/// Runs the workload once. `prompt` holds max(1, prompt_tokens) tokens: a workload without a prompt
/// decodes after the first of them. Errors: those of the engine but invalid_result, which is a
/// fault.
Result<Repetition> run_repetition(Generator& generator, const WorkloadSpec& workload,
                                  std::span<const TokenId> prompt, const Clock& clock,
                                  const EnergyMeter& energy = {});

/// All that was seen over the repetitions that count.
struct Samples {
  std::vector<double> prefill_tokens_per_second;
  std::vector<double> decode_tokens_per_second;
  std::vector<double> time_to_first_token_seconds;
  std::vector<double> decode_joules_per_token;  // where energy is counted
  std::vector<double> inter_token_seconds;      // of all repetitions, one after another
  std::vector<double> trace_seconds;            // of the last repetition
  std::vector<std::string> faults;              // each makes the run invalid
  std::size_t repetitions = 0;
  bool interrupted = false;
};

/// Warms up, then repeats the workload until the interval of the median is narrow enough, or the
/// repetitions or the seconds of `options` are used up. Every repetition has a prompt of its own,
/// made from the seed. One that is interrupted does not count. Errors: interrupted before the first
/// repetition was complete.
Result<Samples> measure_repetitions(Generator& generator, const WorkloadSpec& workload,
                                    std::uint32_t vocabulary, const MeasureOptions& options,
                                    const Clock& clock, const std::stop_token& stop,
                                    const EnergyMeter& energy = {});

}  // namespace assay
