#include "workloads/placed_read.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/affinity.hpp"
#include "base/host_view.hpp"
#include "base/json.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/thread_pool.hpp"
#include "workloads/measure/clock.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/micro/read_buffer.hpp"
#include "workloads/run/child_error.hpp"
#include "workloads/run/child_process.hpp"

namespace assay {
namespace {

constexpr std::array<unsigned, 4> k_stream_counts{1, 2, 4, 8};
constexpr std::size_t k_granule = std::size_t{8} * 4096;  // what a thread reads in whole pages
constexpr std::size_t k_trials = 3;
constexpr std::size_t k_repetitions = 8;

/// As much as measure_micro reads: four times the last cache, at least 512 MB, at most two fifths
/// of the memory.
Bytes buffer_size(Bytes memory_limit) {
  constexpr std::uint64_t k_least = std::uint64_t{512} << 20;
  const std::uint64_t wanted = std::max(k_least, 4 * last_level_cache(HostView::live()).value);
  const std::uint64_t allowed = memory_limit.value / 5 * 2;
  return Bytes(std::max(std::min(wanted, allowed) / k_granule, std::uint64_t{1}) * k_granule);
}

/// A pool whose threads stay on these CPUs, one on each; null when the system refuses.
std::unique_ptr<ThreadPool> pool_on(std::span<const unsigned> cpus) {
  if (!keep_this_thread_on(cpus)) return nullptr;
  auto pool = std::make_unique<ThreadPool>(static_cast<unsigned>(cpus.size()));
  std::atomic<bool> bound{true};
  pool->run([&](unsigned thread) {
    if (!bind_this_thread(cpus[thread])) bound = false;
  });
  return bound ? std::move(pool) : nullptr;
}

double read_rate(const KernelTable& kernels, ThreadPool& pool, std::span<const std::byte> buffer,
                 unsigned streams, const Clock& clock) {
  const std::size_t share = buffer.size() / pool.size() / k_granule * k_granule;
  std::atomic<std::uint64_t> sink{0};  // so that no compiler leaves the reads out
  const double before = clock();
  pool.run([&](unsigned thread) {
    sink.fetch_xor(kernels.read_stream(buffer.data() + thread * share, share, streams),
                   std::memory_order_relaxed);
  });
  const double taken = clock() - before;
  return taken > 0 ? static_cast<double>(share * pool.size()) / taken : 0.0;
}

/// The samples of the stream count that three passes found best.
Result<std::vector<double>> sample_best(const KernelTable& kernels, ThreadPool& pool,
                                        std::span<const std::byte> buffer,
                                        const std::stop_token& stop) {
  const Clock clock = steady_clock();
  const auto samples = [&](unsigned streams, std::size_t count) {
    std::vector<double> rates;
    for (std::size_t i = 0; i < count && !stop.stop_requested(); ++i) {
      rates.push_back(read_rate(kernels, pool, buffer, streams, clock));
    }
    return rates;
  };
  unsigned best = k_stream_counts.front();
  double best_rate = 0.0;
  for (const unsigned streams : k_stream_counts) {
    const auto rates = samples(streams, k_trials);
    if (rates.empty()) break;
    const double rate = describe(rates).median;
    if (rate > best_rate) {
      best = streams;
      best_rate = rate;
    }
  }
  auto rates = samples(best, k_repetitions);
  if (stop.stop_requested()) return fail(ErrorCode::interrupted, "read bandwidth: interrupted");
  return rates;
}

Result<std::vector<double>> measure_here(const KernelTable& kernels,
                                         std::span<const unsigned> readers,
                                         std::span<const unsigned> memory, Bytes memory_limit,
                                         const std::stop_token& stop) {
  constexpr const char* k_refused = "the system refuses to keep threads to these processors";
  std::optional<ReadBuffer> buffer;
  {
    const auto writers = pool_on(memory);
    if (!writers) return fail(ErrorCode::io, k_refused);
    auto made = ReadBuffer::make(buffer_size(memory_limit), true, *writers);
    if (!made) return pass_on(made);
    buffer = std::move(*made);
  }
  const auto pool = pool_on(readers);
  if (!pool) return fail(ErrorCode::io, k_refused);
  return sample_best(kernels, *pool, buffer->bytes(), stop);
}

}  // namespace

Result<Statistic> measure_placed_read(const KernelTable& kernels, std::span<const unsigned> readers,
                                      std::span<const unsigned> memory, Bytes memory_limit,
                                      const std::stop_token& stop) {
  if (kernels.read_stream == nullptr || readers.empty() || memory.empty()) {
    return fail(ErrorCode::internal, "no loop or no processors to measure read bandwidth with");
  }
  // In a process of its own: the CPUs that this one is kept to stay as they are.
  const auto text = run_in_child(
      "read bandwidth",
      [&](const std::stop_token& asked) {
        const auto rates = measure_here(kernels, readers, memory, memory_limit, asked);
        return rates ? Json({{"rates", *rates}}).dump()
                     : error_to_json(rates.error())
                           .dump(-1, ' ', false, Json::error_handler_t::replace);
      },
      stop);
  if (!text) return pass_on(text);
  const auto answer = parse_json(*text, "answer of a child process");
  if (!answer) return pass_on(answer);
  const JsonFields fields(*answer, "answer of a child process");
  if (fields.has("error")) {
    const auto error = fields.object("error");
    return error ? tl::unexpected<Error>(error_from_json(*error)) : pass_on(error);
  }
  auto rates = fields.numbers("rates");
  if (!rates) return pass_on(rates);
  if (rates->empty()) return fail(ErrorCode::interrupted, "read bandwidth: interrupted");
  return describe(std::move(*rates));
}

}  // namespace assay
