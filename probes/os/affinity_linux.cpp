#include <sched.h>

#include <cerrno>
#include <memory>

#include "probes/os/affinity.hpp"

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

bool bind_this_thread(unsigned cpu) {
  if (cpu >= static_cast<unsigned>(k_most_cpus)) return false;
  const CpuSet set(CPU_ALLOC(cpu + 1));
  const std::size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
  if (!set) return false;
  CPU_ZERO_S(bytes, set.get());
  CPU_SET_S(cpu, bytes, set.get());
  return sched_setaffinity(0, bytes, set.get()) == 0;
}

}  // namespace assay
