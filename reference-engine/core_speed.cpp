#include "reference-engine/core_speed.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/affinity.hpp"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

// A sleeping core takes about a millisecond to reach its clock; of three measurements of one more
// the fastest counts, since other programs only slow it down.
constexpr double k_warm_up_seconds = 0.001;
constexpr double k_measured_seconds = 0.001;
constexpr int k_measurements = 3;
constexpr std::size_t k_steps = 64;  // a few microseconds

/// Operations a second over at least `seconds`.
double rate(const KernelTable& kernels, double seconds) {
  // What depends on all work done must be kept somewhere.
  static std::atomic<std::int32_t> kept{0};
  const auto start = Clock::now();
  std::size_t steps = 0;
  double elapsed = 0.0;
  while (elapsed < seconds) {
    kept.fetch_xor(kernels.int8_loop(k_steps), std::memory_order_relaxed);
    steps += k_steps;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(steps) * kernels.int8_ops_per_step / elapsed;
}

}  // namespace

std::vector<CoreSpeed> measure_cores(const KernelTable& kernels, std::span<const unsigned> cpus) {
  std::vector<CoreSpeed> cores;
  for (const unsigned cpu : cpus) {
    std::thread([&] {
      if (!bind_this_thread(cpu)) return;
      rate(kernels, k_warm_up_seconds);
      double best = 0.0;
      for (int i = 0; i < k_measurements; ++i) {
        best = std::max(best, rate(kernels, k_measured_seconds));
      }
      cores.push_back({cpu, best});
    }).join();
  }
  return cores;
}

std::vector<unsigned> fastest(std::vector<CoreSpeed> cores, std::size_t count) {
  std::stable_sort(cores.begin(), cores.end(), [](const CoreSpeed& a, const CoreSpeed& b) {
    return a.operations_per_second > b.operations_per_second;
  });
  std::vector<unsigned> cpus;
  for (const CoreSpeed& core : cores) {
    if (cpus.size() < count) cpus.push_back(core.cpu);
  }
  return cpus;
}

std::vector<unsigned> cores_worth_a_thread(const std::vector<CoreSpeed>& cores) {
  double best = 0.0;
  for (const CoreSpeed& core : cores) best = std::max(best, core.operations_per_second);
  const auto worth = std::count_if(cores.begin(), cores.end(), [&](const CoreSpeed& core) {
    return 2 * core.operations_per_second >= best;
  });
  return fastest(cores, static_cast<std::size_t>(worth));
}

}  // namespace assay
