#include "cli/probe_measure.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "cli/new_assessment.hpp"
#include "cli/state.hpp"
#include "probes/cpu_groups.hpp"
#include "probes/probe.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reports/measured_text.hpp"
#include "workloads/bench.hpp"

namespace assay {
namespace {

constexpr double k_micro_seconds = 2.0;  // as the quick suite takes for its limits

/// Cores that read, and cores that wrote the memory first.
struct Placement {
  const CpuGroup* readers;
  const CpuGroup* memory;
  bool by_node;
};

/// Each kind of core; each node with its own memory and with the next node's.
std::vector<Placement> placements(std::span<const CpuGroup> kinds,
                                  std::span<const CpuGroup> nodes) {
  std::vector<Placement> all;
  for (const CpuGroup& kind : kinds) all.push_back({&kind, &kind, false});
  for (const CpuGroup& node : nodes) all.push_back({&node, &node, true});
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    all.push_back({&nodes[i], &nodes[(i + 1) % nodes.size()], true});
  }
  return all;
}

/// Errors: interrupted. Another failure is a remark: a container may refuse to move threads.
Result<void> measure_placed(const Invocation& invocation, const KernelTable& kernels, Bytes memory,
                            ProgressLine& progress, MicroResults& micro) {
  const HostView host = HostView::live().with_cpuid(live_cpuid());
  const std::vector<CpuGroup> kinds = cores_by_kind(host);
  const std::vector<CpuGroup> nodes = cores_by_node(host);
  for (const Placement& place : placements(kinds, nodes)) {
    progress.show(fmt::format("reading memory: {}", place.readers->name), 0.5);
    auto rate = measure_placed_read(kernels, place.readers->cpus, place.memory->cpus, memory,
                                    invocation.stop);
    if (!rate && rate.error().code == ErrorCode::interrupted) return pass_on(rate);
    if (!rate) {
      remark(invocation,
             fmt::format("{}: not measured: {}", place.readers->name, rate.error().message));
      continue;
    }
    micro.placed_reads.push_back({.cores = place.readers->name,
                                  .memory = place.by_node ? place.memory->name : std::string(),
                                  .threads = static_cast<unsigned>(place.readers->cpus.size()),
                                  .bytes_per_second = std::move(*rate)});
  }
  return {};
}

/// Errors: interrupted. Another failure is a remark.
Result<void> measure_storage_here(const Invocation& invocation, ProgressLine& progress,
                                  MicroResults& micro) {
  progress.show("reading storage", 0.7);
  std::error_code error;
  std::filesystem::create_directories(invocation.state, error);
  auto storage = measure_storage(invocation.state, {}, invocation.stop);
  if (storage) {
    micro.storage = std::move(*storage);
    return {};
  }
  if (storage.error().code == ErrorCode::interrupted) return pass_on(storage);
  remark(invocation, fmt::format("storage: not measured: {}", storage.error().text()));
  return {};
}

Result<void> measure_all(const Invocation& invocation, const MachineProfile& machine,
                         Assessment& assessment) {
  const auto kernels = select_kernels(live_cpu_features(), "", Numerics::exact);
  if (!kernels) return pass_on(kernels);
  // Without a known amount of memory the smallest buffer that is worth reading.
  const Bytes memory = machine.usable_memory().value_or(gibibytes(1));
  const unsigned threads = default_threads_here(machine);
  ProgressLine progress(invocation);
  progress.show("reading memory", 0.0);
  auto micro = measure_micro_isolated(**kernels, threads, k_micro_seconds, memory, invocation.stop);
  if (!micro) return pass_on(micro);
  assessment.micro = std::move(*micro);
  assessment.environment.threads = threads;
  if (auto done = measure_placed(invocation, **kernels, memory, progress, assessment.micro);
      !done) {
    return done;
  }
  return measure_storage_here(invocation, progress, assessment.micro);
}

/// A kept result of this machine that holds limits; nothing otherwise.
std::optional<Assessment> limits_of(const Invocation& invocation, const MachineProfile& machine,
                                    Result<std::optional<Assessment>> kept) {
  if (!kept) {
    remark(invocation, fmt::format("passed over: {}", kept.error().text()));
    return std::nullopt;
  }
  const bool fits =
      *kept && (*kept)->machine && (*kept)->machine->id == machine.id && !(*kept)->micro.empty();
  return fits ? std::move(*kept) : std::nullopt;
}

}  // namespace

Result<Assessment> measure_limits_of_machine(const Invocation& invocation,
                                             const MachineProfile& machine) {
  if (invocation.state.empty()) {
    return fail(ErrorCode::usage, "--measure: no place to keep results: HOME is not set", {},
                "set ASSAY_STATE to a directory");
  }
  const auto started = std::chrono::steady_clock::now();
  Assessment assessment = new_assessment("probe");
  assessment.machine = machine;
  if (auto done = measure_all(invocation, machine, assessment); !done) return pass_on(done);
  assessment.environment.duration_seconds = Fact<double>::known(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
      "steady clock");
  const auto kept = store_result(invocation.state, assessment);
  if (!kept) return pass_on(kept);
  remark(invocation, fmt::format("kept as {}", printable(kept->string())));
  return assessment;
}

std::string last_measured_text(const Invocation& invocation, const MachineProfile& machine) {
  auto limits = limits_of(invocation, machine, latest_limits(invocation.state));
  auto assessed = limits_of(invocation, machine, latest_result(invocation.state));
  const RenderOptions drawing = render_options(invocation);
  std::string text;
  // The newer one says how fast memory is; what only a probe measures keeps its own date.
  const bool assessed_later = assessed && (!limits || limits->started_at < assessed->started_at);
  if (assessed_later) {
    text = render_measured(*assessed, drawing);
    if (limits) {
      MicroResults& micro = limits->micro;
      micro.read_bandwidth_bytes_per_second.clear();
      micro.fma_flops_per_second.clear();
      micro.int8_ops_per_second.clear();
    }
  }
  if (limits) {
    const std::string own = render_measured(*limits, drawing);
    if (!text.empty() && !own.empty()) text += "\n";
    text += own;
  }
  return text;
}

}  // namespace assay
