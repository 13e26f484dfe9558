#include "cli/engine_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <thread>

#include "base/host_view.hpp"
#include "probes/probe.hpp"
#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

constexpr unsigned k_most_threads = 1024;

/// As many as the affinity, the cpuset and the quota of the process allow to run at a time.
unsigned usable_threads(const MachineProfile& machine) {
  const unsigned seen = std::max(1U, std::thread::hardware_concurrency());
  return std::clamp(machine.cpu.usable_cpus.value_or(seen), 1U, k_most_threads);
}

}  // namespace

unsigned default_threads(const MachineProfile& machine) {
  const unsigned usable = usable_threads(machine);
  return std::clamp(machine.cpu.physical_cores.value_or(usable), 1U, usable);
}

void declare_engine_options(options::options_description& own) {
  auto add = own.add_options();
  add("threads", options::value<unsigned>()->value_name("N"),
      "threads of the engine (default: the physical cores that may be used)");
  add("isa", options::value<std::string>()->value_name("NAME"),
      "kernels to use: scalar; avx2, avx512; neon, i8mm (default: the best that this processor "
      "has)");
}

Result<EngineChoice> choose_engine(const Invocation& invocation, const MachineProfile& machine) {
  unsigned threads = default_threads(machine);
  if (invocation.has("threads")) {
    threads = invocation.get<unsigned>("threads");
    const unsigned usable = usable_threads(machine);
    if (threads < 1 || threads > usable) {
      return fail(ErrorCode::usage,
                  fmt::format("--threads: {} (expected 1 to {}, the processors that this process "
                              "may use)",
                              threads, usable));
    }
  }
  const std::string isa = invocation.has("isa") ? invocation.get<std::string>("isa") : "";
  const auto kernels = select_kernels(live_cpu_features(), isa);
  if (!kernels) return pass_on(kernels);
  return EngineChoice{.kernels = *kernels, .threads = threads};
}

MachineProfile probe_this_machine() {
  return probe_machine(HostView::live().with_cpuid(live_cpuid()));
}

}  // namespace assay
