#include "workloads/measure/repetition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string_view>
#include <utility>

namespace assay {
namespace {

/// The prompt of one repetition: the same on every machine. No two repetitions share one, so that
/// an engine that keeps answers is slow like any other.
std::vector<TokenId> make_prompt(std::uint32_t tokens, std::uint32_t vocabulary,
                                 std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<TokenId> prompt(std::max(tokens, 1U));
  for (TokenId& token : prompt) token = static_cast<TokenId>(random() % vocabulary);
  return prompt;
}

/// Times the tokens of one repetition as they come.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), start_(clock()) {}
  [[nodiscard]] double elapsed() const { return clock_() - start_; }

 private:
  const Clock& clock_;
  double start_;
};

/// Nothing when the engine ended too early, which is then the repetition's fault.
Result<std::optional<TokenId>> take_token(Result<TokenId> token, const WorkloadSpec& workload,
                                          const Stopwatch& stopwatch, Repetition& repetition) {
  if (!token && token.error().code == ErrorCode::invalid_result) {
    repetition.fault = fmt::format("the engine ended after {} of {} tokens",
                                   repetition.tokens.size(), workload.generated_tokens);
    return std::optional<TokenId>();
  }
  if (!token) return pass_on(token);
  repetition.token_times.push_back(stopwatch.elapsed());
  repetition.tokens.push_back(*token);
  return std::optional<TokenId>(*token);
}

std::size_t hash_of(std::span<const float> logits) {
  const auto bytes = std::as_bytes(logits);
  return std::hash<std::string_view>()(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});  // the only view of bytes
}

void check_positions(const Generator& generator, const WorkloadSpec& workload,
                     Repetition& repetition) {
  if (repetition.fault || !generator.capabilities().exact_counts) return;
  const std::uint32_t expected = positions_after(workload);
  if (generator.positions() != expected) {
    repetition.fault =
        fmt::format("the engine holds {} positions (expected {})", generator.positions(), expected);
  }
}

}  // namespace

WorkloadSpec warm_up_of(WorkloadSpec workload) {
  constexpr std::uint32_t k_steps = 8;
  workload.generated_tokens = std::min(workload.generated_tokens, k_steps);
  return workload;
}

std::uint32_t positions_after(const WorkloadSpec& workload) {
  // The last token that came out has not been read, but the first one of a workload without a
  // prompt was.
  const std::uint32_t read =
      workload.generated_tokens == 0
          ? workload.prompt_tokens
          : workload.prompt_tokens + workload.generated_tokens - (workload.prompt_tokens > 0);
  return workload.context_depth + read;
}

Result<Repetition> run_repetition(Generator& generator, const WorkloadSpec& workload,
                                  std::span<const TokenId> prompt, const Clock& clock,
                                  const EnergyMeter& energy) {
  if (auto ready = generator.reset(workload.context_depth); !ready) return pass_on(ready);
  Repetition repetition;
  repetition.tokens.reserve(workload.generated_tokens);
  repetition.token_times.reserve(workload.generated_tokens);
  const Stopwatch stopwatch(clock);
  std::optional<TokenId> token = prompt.front();
  if (workload.prompt_tokens > 0) {
    if (auto read = generator.read_prompt(prompt); !read) return pass_on(read);
    repetition.prefill_seconds = stopwatch.elapsed();
    if (workload.generated_tokens > 0) {
      auto first = take_token(generator.first_token(), workload, stopwatch, repetition);
      if (!first) return pass_on(first);
      token = *first;
    }
  }
  // A workload without a prompt has no first token before these; its first interval is not counted
  // in its rate either.
  EnergyReading at_first;
  while (token && repetition.tokens.size() < workload.generated_tokens) {
    if (energy && repetition.tokens.size() == 1) at_first = energy();
    auto following = take_token(generator.next(*token), workload, stopwatch, repetition);
    if (!following) return pass_on(following);
    token = *following;
  }
  if (energy) repetition.decode_joules = energy_between(at_first, energy());
  repetition.logits_hash = hash_of(generator.logits());
  check_positions(generator, workload, repetition);
  return repetition;
}

namespace {

void add_samples(const Repetition& repetition, const WorkloadSpec& workload, Samples& samples) {
  ++samples.repetitions;
  if (workload.prompt_tokens > 0) {
    samples.prefill_tokens_per_second.push_back(workload.prompt_tokens /
                                                repetition.prefill_seconds);
  }
  const std::vector<double>& times = repetition.token_times;
  if (workload.prompt_tokens > 0 && !times.empty()) {
    samples.time_to_first_token_seconds.push_back(times.front());
  }
  samples.trace_seconds.clear();
  for (std::size_t i = 1; i < times.size(); ++i) {
    samples.trace_seconds.push_back(times[i] - times[i - 1]);
  }
  samples.inter_token_seconds.insert(samples.inter_token_seconds.end(),
                                     samples.trace_seconds.begin(), samples.trace_seconds.end());
  if (times.size() > 1) {
    const auto steps = static_cast<double>(times.size() - 1);
    samples.decode_tokens_per_second.push_back(steps / (times.back() - times.front()));
    if (repetition.decode_joules.is_known()) {
      samples.decode_joules_per_token.push_back(repetition.decode_joules.value() / steps);
    }
  }
}

/// True when every rate that the workload has is known well enough.
bool narrow_enough(const Samples& samples, double target) {
  for (const auto* rates :
       {&samples.prefill_tokens_per_second, &samples.decode_tokens_per_second}) {
    if (rates->empty()) continue;
    const auto half_width = half_width_ratio(describe(*rates));
    if (!half_width || *half_width > target) return false;
  }
  return true;
}

/// What an engine made of a prompt: its tokens, and a hash of the logits behind the last.
using Answer = std::pair<std::vector<TokenId>, std::size_t>;

/// Different prompts must lead to different answers; an engine whose answers never change keeps
/// them, or does not read. The greedy tokens of a model may well be the same for all prompts (one
/// with random weights and a tied head repeats one token); its logits are not.
void check_answers(const std::vector<Answer>& answers, Samples& samples) {
  // Shorter answers coincide by chance in small vocabularies.
  constexpr std::size_t k_shortest_answer = 8;
  if (answers.size() < 2 || answers.front().first.size() < k_shortest_answer) return;
  const std::set<Answer> distinct(answers.begin(), answers.end());
  if (distinct.size() == 1) {
    samples.faults.push_back(fmt::format("{} different prompts got the same {} tokens",
                                         answers.size(), answers.front().first.size()));
  }
}

}  // namespace

Result<Samples> measure_repetitions(Generator& generator, const WorkloadSpec& workload,
                                    std::uint32_t vocabulary, const MeasureOptions& options,
                                    const Clock& clock, const std::stop_token& stop,
                                    const EnergyMeter& energy) {
  Samples samples;
  std::vector<Answer> answers;
  const double start = clock();
  double longest = 0.0;
  for (std::uint32_t pass = 0;; ++pass) {
    samples.interrupted = stop.stop_requested();
    const bool warming = pass < options.warmups;
    // Two repetitions at least, however slow the machine is: one alone shows no spread.
    const bool box_is_full = clock() - start + longest > options.max_seconds;
    if (samples.interrupted || samples.repetitions >= options.max_repetitions) break;
    if (samples.repetitions >= 2 && box_is_full) break;
    if (samples.repetitions >= options.min_repetitions &&
        narrow_enough(samples, options.target_half_width_ratio)) {
      break;
    }
    const double pass_start = clock();
    auto repetition = run_repetition(
        generator, warming ? warm_up_of(workload) : workload,
        make_prompt(workload.prompt_tokens, vocabulary, options.seed + pass), clock, energy);
    if (!repetition && repetition.error().code == ErrorCode::interrupted) {
      samples.interrupted = true;
      break;
    }
    if (!repetition) return pass_on(repetition);
    if (!warming) longest = std::max(longest, clock() - pass_start);
    if (repetition->fault) {
      samples.faults.push_back(*repetition->fault);
      break;
    }
    if (warming) continue;
    add_samples(*repetition, workload, samples);
    answers.emplace_back(std::move(repetition->tokens), repetition->logits_hash);
  }
  if (samples.interrupted && samples.repetitions == 0) {
    return fail(ErrorCode::interrupted, "interrupted before the first repetition was complete");
  }
  check_answers(answers, samples);
  return samples;
}

}  // namespace assay
