#include "cli/engine_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include "base/affinity.hpp"
#include "base/host_view.hpp"
#include "probes/probe.hpp"
#include "reference-engine/core_speed.hpp"
#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

constexpr unsigned k_most_threads = 1024;

/// As many as the affinity, the cpuset and the quota of the process allow to run at a time.
unsigned usable_threads(const MachineProfile& machine) {
  const unsigned seen = std::max(1U, std::thread::hardware_concurrency());
  return std::clamp(machine.cpu.usable_cpus.value_or(seen), 1U, k_most_threads);
}

Result<unsigned> check_threads(const MachineProfile& machine, unsigned threads) {
  const unsigned usable = usable_threads(machine);
  if (threads >= 1 && threads <= usable) return threads;
  return fail(
      ErrorCode::usage,
      fmt::format("--threads: {} (expected 1 to {}, the processors that this process may use)",
                  threads, usable));
}

/// --threads, or 0 without it.
Result<unsigned> wanted_threads(const Invocation& invocation, const MachineProfile& machine) {
  if (!invocation.has("threads")) return 0U;
  return check_threads(machine, invocation.get<unsigned>("threads"));
}

/// On a processor with several kinds of cores: keeps this process to the fastest `wanted` cores, or
/// to those that are worth a thread (`wanted` 0). Returns how many; nothing where cores are alike,
/// or the system does not tell them apart.
std::optional<unsigned> keep_to_fast_cores(const MachineProfile& machine,
                                           const KernelTable& kernels, unsigned wanted) {
  if (machine.cpu.core_types.value_or({}).size() < 2) return std::nullopt;
  const std::vector<unsigned> cores = one_cpu_of_each_core(HostView::live());
  if (cores.size() < 2 || wanted > cores.size()) return std::nullopt;
  const std::vector<CoreSpeed> speeds = measure_cores(kernels, cores);
  std::vector<unsigned> kept = wanted == 0 ? cores_worth_a_thread(speeds) : fastest(speeds, wanted);
  kept.resize(std::min<std::size_t>(kept.size(), usable_threads(machine)));
  if (!keep_this_thread_on(kept)) return std::nullopt;
  return static_cast<unsigned>(kept.size());
}

}  // namespace

unsigned default_threads(const MachineProfile& machine) {
  const unsigned usable = usable_threads(machine);
  return std::clamp(machine.cpu.physical_cores.value_or(usable), 1U, usable);
}

unsigned default_threads_here(const MachineProfile& machine) {
  const unsigned threads = default_threads(machine);
  const std::size_t cores = one_cpu_of_each_core(HostView::live()).size();
  return cores == 0 ? threads : static_cast<unsigned>(std::min<std::size_t>(threads, cores));
}

void declare_engine_options(options::options_description& own) {
  auto add = own.add_options();
  add("threads", options::value<unsigned>()->value_name("N"),
      "threads of the engine (default: the physical cores that may be used; of a processor with "
      "several kinds of cores those at least half as fast as the fastest)");
  add("isa", options::value<std::string>()->value_name("NAME"),
      "kernels to use: scalar; avx2, avxvnni, avx512, amx; neon, i8mm (default: the best that "
      "this processor has). Raced on hardware: avx2, avx512, amx; avxvnni: its kernels were timed; "
      "neon and i8mm were run in tests under emulation; scalar is the definition, not timed");
  add("numerics", options::value<std::string>()->value_name("NAME"),
      "exact: 16-bit weights multiply float32 activations; native: activations rounded to 16 bits "
      "where the processor has such products (BF16; on AArch64 F16 too; default: exact). On x86 "
      "its kernels were timed, on AArch64 run in tests under emulation");
}

Result<EngineChoice> choose_engine(const Invocation& invocation, const MachineProfile& machine) {
  const auto wanted = wanted_threads(invocation, machine);
  if (!wanted) return pass_on(wanted);
  const std::string isa = invocation.has("isa") ? invocation.get<std::string>("isa") : "";
  const auto numerics = numerics_of_name(
      invocation.has("numerics") ? invocation.get<std::string>("numerics") : "exact");
  if (!numerics) return pass_on(numerics);
  const auto kernels = select_kernels(live_cpu_features(), isa, *numerics);
  if (!kernels) return pass_on(kernels);
  const auto fast = keep_to_fast_cores(machine, **kernels, *wanted);
  const unsigned threads = fast.value_or(*wanted == 0 ? default_threads_here(machine) : *wanted);
  return EngineChoice{.kernels = *kernels, .threads = threads, .numerics = *numerics};
}

Result<EngineChoice> best_engine(const MachineProfile& machine, unsigned threads) {
  const auto wanted = check_threads(machine, threads);
  if (!wanted) return pass_on(wanted);
  const auto kernels = select_kernels(live_cpu_features(), {}, Numerics::exact);
  if (!kernels) return pass_on(kernels);
  keep_to_fast_cores(machine, **kernels, *wanted);
  return EngineChoice{.kernels = *kernels, .threads = *wanted};
}

MachineProfile probe_this_machine() {
  return probe_machine(HostView::live().with_cpuid(live_cpuid()));
}

}  // namespace assay
