#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <utility>

#include "reference-engine/kernel_trial.hpp"
#include "workloads/bench.hpp"
#include "workloads/micro/benchmark_runner.hpp"
#include "workloads/micro/read_buffer.hpp"

namespace assay {
namespace {

// More is memory for any cache.
constexpr std::uint64_t k_most_memory = std::uint64_t{1} << 30;
constexpr std::size_t k_smallest = std::size_t{64} << 20;
constexpr std::size_t k_passes = 3;
// Each kind of trial; vector kernels take a second, scalar ones would take minutes.
constexpr std::chrono::seconds k_most_time{5};

Deadline deadline_of_trials() { return std::chrono::steady_clock::now() + k_most_time; }

/// A cache takes several passes to hold what it can of them; the median is of those after that.
std::size_t passes_over(std::size_t size) {
  constexpr std::size_t k_bytes = std::size_t{3} << 29;
  return std::clamp<std::size_t>(k_bytes / size, 5, 16);
}

/// 64 MB, 96, 128, 192 ... and all.
std::vector<std::size_t> sizes_up_to(std::size_t all) {
  std::vector<std::size_t> sizes;
  for (std::size_t size = k_smallest; size < all; size *= 2) {
    sizes.push_back(size);
    if (size / 2 * 3 < all) sizes.push_back(size / 2 * 3);
  }
  sizes.push_back(all);
  return sizes;
}

/// Reads the front of the memory over and over, ever more of it. Four streams a thread are the best
/// pattern or near it; speeds count about the last one only.
Result<std::vector<SizedRead>> read_by_size(const KernelTable& kernels, ThreadPool& pool,
                                            std::span<const std::byte> memory,
                                            const std::stop_token& stop) {
  constexpr unsigned k_streams = 4;
  constexpr std::size_t k_granule = std::size_t{k_streams} * 4096;
  std::atomic<std::uint64_t> sink{0};  // so that no compiler leaves the loops out
  const std::vector<std::size_t> sizes = sizes_up_to(memory.size());
  std::vector<MicroBenchmark> benchmarks;
  for (const std::size_t size : sizes) {
    const std::size_t share = size / pool.size() / k_granule * k_granule;
    benchmarks.push_back({.name = std::to_string(size),
                          .pass =
                              [&kernels, &pool, &sink, memory, share] {
                                pool.run([&](unsigned thread) {
                                  sink.fetch_xor(kernels.read_stream(memory.data() + thread * share,
                                                                     share, k_streams));
                                });
                              },
                          .work_per_pass = static_cast<double>(share * pool.size()),
                          .repetitions = passes_over(size)});
  }
  auto samples = run_benchmarks(benchmarks, stop);
  if (!samples) return pass_on(samples);
  std::vector<SizedRead> reads;
  for (const std::size_t size : sizes) {
    reads.push_back({Bytes(size), describe(std::move(samples->at(std::to_string(size))))});
  }
  return reads;
}

Result<MicroSamples> run_trials(std::vector<KernelTrial> trials, const std::stop_token& stop) {
  std::vector<MicroBenchmark> benchmarks;
  for (KernelTrial& trial : trials) {
    benchmarks.push_back({.name = std::string(format_name(trial.format)),
                          .pass = std::move(trial.pass),
                          .work_per_pass = trial.work,
                          .repetitions = k_passes});
  }
  return run_benchmarks(benchmarks, stop, deadline_of_trials());
}

Result<std::vector<KernelSpeed>> kernel_speeds(const KernelTable& kernels, ThreadPool& pool,
                                               std::span<const std::byte> memory,
                                               const std::stop_token& stop) {
  auto decode = run_trials(decode_trials(kernels, memory, pool), stop);
  if (!decode) return pass_on(decode);
  auto prefill = run_trials(prefill_trials(kernels, memory, pool), stop);
  if (!prefill) return pass_on(prefill);
  std::vector<KernelSpeed> speeds;
  for (auto& [format, samples] : *decode) {
    const auto products = prefill->find(format);
    if (products == prefill->end()) continue;
    speeds.push_back({format, describe(std::move(samples)), describe(std::move(products->second))});
  }
  return speeds;
}

Result<std::vector<AttentionSpeed>> attention_speeds(const KernelTable& kernels, ThreadPool& pool,
                                                     std::span<const std::byte> memory,
                                                     const std::stop_token& stop) {
  // One tells what reading costs, the difference what a query adds.
  constexpr std::array<std::uint32_t, 2> k_groups{1, 4};
  std::vector<MicroBenchmark> benchmarks;
  for (const std::uint32_t group : k_groups) {
    AttentionTrial trial = attention_trial(kernels, memory, group, pool);
    benchmarks.push_back({.name = std::to_string(group),
                          .pass = std::move(trial.pass),
                          .work_per_pass = trial.positions,
                          .repetitions = k_passes});
  }
  auto samples = run_benchmarks(benchmarks, stop, deadline_of_trials());
  if (!samples) return pass_on(samples);
  std::vector<AttentionSpeed> speeds;
  for (const std::uint32_t group : k_groups) {
    const auto found = samples->find(std::to_string(group));
    if (found == samples->end()) return std::vector<AttentionSpeed>();
    speeds.push_back({group, describe(std::move(found->second))});
  }
  return speeds;
}

}  // namespace

Result<void> measure_for_calibration(MicroResults& micro, const KernelTable& kernels,
                                     ThreadPool& pool, Bytes memory_limit,
                                     const std::stop_token& stop) {
  const Bytes size(std::min(k_most_memory, memory_limit.value / 5 * 2));
  const auto buffer = ReadBuffer::make(size, true, pool);
  if (!buffer) return pass_on(buffer);
  const std::span<const std::byte> memory = buffer->bytes();
  auto reads = read_by_size(kernels, pool, memory, stop);
  if (!reads) return pass_on(reads);
  const auto weights = memory.first(std::min<std::size_t>(memory.size(), k_trial_memory.value));
  auto speeds = kernel_speeds(kernels, pool, weights, stop);
  if (!speeds) return pass_on(speeds);
  auto attention = attention_speeds(kernels, pool, weights, stop);
  if (!attention) return pass_on(attention);
  micro.read_by_size[pool.size()] = std::move(*reads);
  if (!speeds->empty()) micro.kernels[pool.size()] = std::move(*speeds);
  if (!attention->empty()) micro.attention[pool.size()] = std::move(*attention);
  return {};
}

}  // namespace assay
