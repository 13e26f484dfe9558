#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/affinity.hpp"

namespace assay {
namespace {

constexpr int k_most_cpus = 1 << 16;

struct FreeCpuSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};
using CpuSet = std::unique_ptr<cpu_set_t, FreeCpuSet>;

}  // namespace

std::vector<unsigned> allowed_cpus() {
  // The kernel refuses sets smaller than its own: grow until it agrees.
  for (int count = 1024; count <= k_most_cpus; count *= 2) {
    const CpuSet set(CPU_ALLOC(static_cast<std::size_t>(count)));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(count));
    if (!set) return {};
    CPU_ZERO_S(bytes, set.get());
    if (sched_getaffinity(0, bytes, set.get()) != 0) {
      if (errno == EINVAL) continue;
      return {};
    }
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < static_cast<unsigned>(count); ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set.get())) cpus.push_back(cpu);
    }
    return cpus;
  }
  return {};
}

bool bind_this_thread(unsigned cpu) { return keep_this_thread_on({&cpu, 1}); }

bool keep_this_thread_on(std::span<const unsigned> cpus) {
  if (cpus.empty()) return false;
  const unsigned highest = *std::max_element(cpus.begin(), cpus.end());
  if (highest >= static_cast<unsigned>(k_most_cpus)) return false;
  const CpuSet set(CPU_ALLOC(highest + 1));
  const std::size_t bytes = CPU_ALLOC_SIZE(highest + 1);
  if (!set) return false;
  CPU_ZERO_S(bytes, set.get());
  for (const unsigned cpu : cpus) CPU_SET_S(cpu, bytes, set.get());
  return sched_setaffinity(0, bytes, set.get()) == 0;
}

}  // namespace assay
