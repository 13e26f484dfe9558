#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "base/host_view.hpp"
#include "workloads/bench.hpp"
#include "workloads/measure/clock.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/micro/benchmark_runner.hpp"
#include "workloads/micro/read_buffer.hpp"

namespace assay {
namespace {

constexpr std::array<unsigned, 4> k_stream_counts{1, 2, 4, 8};
// What a thread reads in 8 streams of whole pages.
constexpr std::size_t k_granule = std::size_t{8} * 4096;

/// 1, 2, 4 ... and the last.
std::vector<unsigned> thread_counts(unsigned most) {
  std::vector<unsigned> counts;
  for (unsigned threads = 1; threads < most; threads *= 2) counts.push_back(threads);
  counts.push_back(most);
  return counts;
}

/// At least four times the last cache and 512 MB, but no more than two fifths of the memory.
Bytes read_buffer_size(Bytes cache, Bytes memory_limit) {
  constexpr std::uint64_t k_least = std::uint64_t{512} << 20;
  const std::uint64_t wanted = std::max(k_least, 4 * cache.value);
  const std::uint64_t allowed = memory_limit.value / 5 * 2;
  return Bytes(std::max(std::min(wanted, allowed) / k_granule, std::uint64_t{1}) * k_granule);
}

/// One way to read: so many threads, each with so many streams.
struct ReadPattern {
  unsigned threads = 1;
  unsigned streams = 1;
  bool huge_pages = false;
  [[nodiscard]] std::string name() const {
    return fmt::format("{} streams{}", streams, huge_pages ? ", huge pages" : "");
  }
};

// Where results of the loops go, so that no compiler can leave them out.
struct Sink {
  std::atomic<std::uint64_t> value{0};
};

void read_once(const KernelTable& kernels, ThreadPool& pool, std::span<const std::byte> buffer,
               const ReadPattern& pattern, Sink& sink) {
  const std::size_t share = buffer.size() / pattern.threads / k_granule * k_granule;
  pool.run([&](unsigned thread) {
    if (thread >= pattern.threads) return;
    const std::byte* start = buffer.data() + thread * share;
    sink.value.fetch_xor(kernels.read_stream(start, share, pattern.streams),
                         std::memory_order_relaxed);
  });
}

MicroBenchmark read_benchmark(const KernelTable& kernels, ThreadPool& pool,
                              std::span<const std::byte> buffer, const ReadPattern& pattern,
                              std::size_t repetitions, Sink& sink) {
  const std::size_t share = buffer.size() / pattern.threads / k_granule * k_granule;
  return {.name = pattern.name(),
          .pass = [&kernels, &pool, buffer, pattern,
                   &sink] { read_once(kernels, pool, buffer, pattern, sink); },
          .work_per_pass = static_cast<double>(share * pattern.threads),
          .repetitions = repetitions};
}

struct ReadResult {
  Statistic statistic;
  ReadPattern pattern;
};

/// Keeps the better of what was found and the best stream count on this buffer: three passes each
/// choose, then `repetitions` of the winner are the samples, so that luck in the choice is not
/// reported.
Result<void> try_patterns(const KernelTable& kernels, ThreadPool& pool, const ReadBuffer& buffer,
                          bool huge_pages, std::size_t repetitions, const std::stop_token& stop,
                          std::map<unsigned, ReadResult>& best) {
  constexpr std::size_t k_trials = 3;
  Sink sink;
  for (const unsigned threads : thread_counts(pool.size())) {
    std::vector<ReadPattern> patterns;
    std::vector<MicroBenchmark> trials;
    for (const unsigned streams : k_stream_counts) {
      patterns.push_back({threads, streams, huge_pages});
      trials.push_back(
          read_benchmark(kernels, pool, buffer.bytes(), patterns.back(), k_trials, sink));
    }
    auto tried = run_benchmarks(trials, stop);
    if (!tried) return pass_on(tried);
    const auto winner = std::ranges::max_element(patterns, {}, [&](const ReadPattern& pattern) {
      return describe(tried->at(pattern.name())).median;
    });
    const std::array final_round{
        read_benchmark(kernels, pool, buffer.bytes(), *winner, repetitions, sink)};
    auto samples = run_benchmarks(final_round, stop);
    if (!samples) return pass_on(samples);
    ReadResult result{describe(samples->begin()->second), *winner};
    const auto known = best.find(threads);
    if (known == best.end() || known->second.statistic.median < result.statistic.median) {
      best.insert_or_assign(threads, std::move(result));
    }
  }
  return {};
}

/// A loop of arithmetic on so many threads. Steps are chosen for about `seconds` a sample.
template <typename Loop>
Result<std::map<unsigned, Statistic>> measure_loop(ThreadPool& pool, Loop loop, double ops_per_step,
                                                   double seconds, std::size_t repetitions,
                                                   const std::stop_token& stop) {
  Sink sink;
  const auto run_on = [&](unsigned threads, std::size_t steps) {
    pool.run([&](unsigned thread) {
      if (thread >= threads) return;
      sink.value.fetch_xor(static_cast<std::uint64_t>(loop(steps) != 0), std::memory_order_relaxed);
    });
  };
  const Clock clock = steady_clock();
  std::size_t steps = 1024;
  double taken = 0.0;
  while (taken < seconds / 4.0) {
    steps *= 2;
    const double start = clock();
    run_on(1, steps);
    taken = clock() - start;
  }
  steps = static_cast<std::size_t>(static_cast<double>(steps) * seconds / taken);
  std::vector<MicroBenchmark> benchmarks;
  for (const unsigned threads : thread_counts(pool.size())) {
    benchmarks.push_back({.name = std::to_string(threads),
                          .pass = [&run_on, threads, steps] { run_on(threads, steps); },
                          .work_per_pass = static_cast<double>(steps) * threads * ops_per_step,
                          .repetitions = repetitions});
  }
  auto samples = run_benchmarks(benchmarks, stop);
  if (!samples) return pass_on(samples);
  std::map<unsigned, Statistic> result;
  for (auto& [name, values] : *samples) {
    result.emplace(static_cast<unsigned>(std::stoul(name)), describe(std::move(values)));
  }
  return result;
}

Result<std::map<unsigned, ReadResult>> measure_read(const KernelTable& kernels, ThreadPool& pool,
                                                    std::size_t repetitions, Bytes memory_limit,
                                                    const std::stop_token& stop) {
  const Bytes size = read_buffer_size(last_level_cache(HostView::live()), memory_limit);
  std::map<unsigned, ReadResult> best;
  for (const bool huge_pages : {true, false}) {
    auto buffer = ReadBuffer::make(size, huge_pages, pool);
    if (!buffer) return pass_on(buffer);
    auto tried = try_patterns(kernels, pool, *buffer, huge_pages, repetitions, stop, best);
    if (!tried) return pass_on(tried);
  }
  return best;
}

}  // namespace

Result<MicroResults> measure_micro(const KernelTable& kernels, ThreadPool& pool, double seconds,
                                   Bytes memory_limit, const std::stop_token& stop) {
  if (kernels.read_stream == nullptr || kernels.fma_loop == nullptr ||
      kernels.int8_loop == nullptr) {
    return fail(ErrorCode::internal,
                fmt::format("the {} kernels have no micro-measurement loops", kernels.isa));
  }
  // A pass over the buffer takes about 25 ms, and a sample of a loop is made 15 ms long. On two
  // thread counts the choice of a read pattern is 24 passes each with and without huge pages, and
  // ten samples of each quantity come to 2 s in all. More seconds give more samples.
  constexpr double k_loop_seconds = 0.015;
  constexpr double k_samples_per_second = 10.0 / 3.0;
  const auto repetitions =
      static_cast<std::size_t>(std::clamp(seconds * k_samples_per_second, 6.0, 50.0));
  auto read = measure_read(kernels, pool, repetitions, memory_limit, stop);
  if (!read) return pass_on(read);
  auto fma = measure_loop(pool, kernels.fma_loop, kernels.fma_flops_per_step, k_loop_seconds,
                          repetitions, stop);
  if (!fma) return pass_on(fma);
  auto int8 = measure_loop(pool, kernels.int8_loop, kernels.int8_ops_per_step, k_loop_seconds,
                           repetitions, stop);
  if (!int8) return pass_on(int8);
  MicroResults micro;
  if (kernels.bf16_loop != nullptr) {
    auto bf16 = measure_loop(pool, kernels.bf16_loop, kernels.bf16_flops_per_step, k_loop_seconds,
                             repetitions, stop);
    if (!bf16) return pass_on(bf16);
    micro.bf16_flops_per_second = std::move(*bf16);
  }
  micro.isa = kernels.isa;
  for (auto& [threads, result] : *read) {
    micro.read_pattern[threads] = result.pattern.name();
    micro.read_bandwidth_bytes_per_second[threads] = std::move(result.statistic);
  }
  micro.fma_flops_per_second = std::move(*fma);
  micro.int8_ops_per_second = std::move(*int8);
  return micro;
}

}  // namespace assay
