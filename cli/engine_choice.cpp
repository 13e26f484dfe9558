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

}  // namespace

unsigned default_threads(const MachineProfile& machine) {
  const unsigned seen = std::max(1U, std::thread::hardware_concurrency());
  const unsigned usable = machine.cpu.usable_cpus.value_or(seen);
  const unsigned cores = machine.cpu.physical_cores.value_or(usable);
  return std::clamp(std::min(usable, cores), 1U, k_most_threads);
}

void declare_engine_options(options::options_description& own) {
  auto add = own.add_options();
  add("threads", options::value<unsigned>()->value_name("N"),
      "threads of the engine (default: the physical cores that may be used)");
  add("isa", options::value<std::string>()->value_name("NAME"),
      "kernels to use: scalar, avx2, avxvnni, avx512, amx (default: the best that this processor "
      "has)");
  add("numerics", options::value<std::string>()->value_name("NAME"),
      "exact: 16-bit weights multiply float32 activations; native: BF16 weights multiply what the "
      "processor rounds to BF16 (default: exact)");
}

Result<EngineChoice> choose_engine(const Invocation& invocation, const MachineProfile& machine) {
  unsigned threads = default_threads(machine);
  if (invocation.has("threads")) {
    threads = invocation.get<unsigned>("threads");
    if (threads < 1 || threads > k_most_threads) {
      return fail(ErrorCode::usage,
                  fmt::format("--threads: {} (expected 1 to {})", threads, k_most_threads));
    }
  }
  const std::string isa = invocation.has("isa") ? invocation.get<std::string>("isa") : "";
  const auto numerics = numerics_of_name(
      invocation.has("numerics") ? invocation.get<std::string>("numerics") : "exact");
  if (!numerics) return pass_on(numerics);
  const auto kernels = select_kernels(live_cpu_features(), isa, *numerics);
  if (!kernels) return pass_on(kernels);
  return EngineChoice{.kernels = *kernels, .threads = threads, .numerics = *numerics};
}

MachineProfile probe_this_machine() {
  return probe_machine(HostView::live().with_cpuid(live_cpuid()));
}

}  // namespace assay
