#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/metrics/samples.hpp"

namespace assay {
namespace {

const MachineProfile* machine_of(const MetricInput& input) {
  return input.assessment && input.assessment->machine ? &*input.assessment->machine : nullptr;
}

/// The best instruction set for models that the machine has: the value of the label `isa`, so one
/// of these or nothing.
std::string best_isa(const CpuProfile& cpu) {
  constexpr std::array<std::string_view, 8> k_best_first{
      "amx_int8", "avx512_vnni", "avx_vnni", "avx512f", "avx2", "sve2", "i8mm", "asimddp"};
  if (!cpu.isa.is_known()) return {};
  for (const std::string_view name : k_best_first) {
    const auto& all = cpu.isa.value();
    if (std::find(all.begin(), all.end(), name) != all.end()) return std::string(name);
  }
  return "baseline";
}

std::string text_of(const Fact<std::string>& fact) { return fact.value_or({}); }

std::string first_name(const std::vector<NpuProfile>& npus) {
  return npus.empty() ? std::string() : npus.front().name;
}

/// Of hardware: a software device is none.
std::string first_name(const std::vector<GpuProfile>& gpus) {
  for (const GpuProfile& gpu : gpus) {
    if (!gpu.software) return gpu.name.value_or(gpu.vendor);
  }
  return {};
}

template <typename Value>
void add_known(std::vector<MetricSample>& samples, std::string_view kind, const Fact<Value>& fact) {
  if (!fact.is_known()) return;
  if constexpr (std::is_same_v<Value, Bytes>) {
    samples.push_back({{std::string(kind)}, static_cast<double>(fact.value().value)});
  } else {
    samples.push_back({{std::string(kind)}, static_cast<double>(fact.value())});
  }
}

}  // namespace

std::vector<MetricSample> machine_info(const MetricInput& input) {
  const MachineProfile* machine = machine_of(input);
  if (machine == nullptr) return {};
  return {{{text_of(machine->cpu.vendor), text_of(machine->cpu.brand), best_isa(machine->cpu),
            text_of(machine->os.architecture), text_of(machine->os.name), first_name(machine->gpus),
            first_name(machine->npus)},
           1.0}};
}

std::vector<MetricSample> cpu_count(const MetricInput& input) {
  std::vector<MetricSample> samples;
  const MachineProfile* machine = machine_of(input);
  if (machine == nullptr) return samples;
  add_known(samples, "physical", machine->cpu.physical_cores);
  add_known(samples, "logical", machine->cpu.logical_cores);
  add_known(samples, "usable", machine->cpu.usable_cpus);
  return samples;
}

std::vector<MetricSample> memory_bytes(const MetricInput& input) {
  std::vector<MetricSample> samples;
  const MachineProfile* machine = machine_of(input);
  if (machine == nullptr) return samples;
  add_known(samples, "total", machine->memory.total);
  add_known(samples, "available", machine->memory.available);
  add_known(samples, "usable", machine->usable_memory());
  return samples;
}

std::vector<MetricSample> accelerator_count(const MetricInput& input) {
  const MachineProfile* machine = machine_of(input);
  if (machine == nullptr) return {};
  std::vector<MetricSample> samples;
  add_known(samples, "gpu", machine->gpu_count);
  add_known(samples, "npu", machine->npu_count);
  return samples;
}

std::vector<MetricSample> read_bandwidth(const MetricInput& input) {
  std::vector<MetricSample> samples;
  if (!input.assessment) return samples;
  for (const auto& [threads, rate] : input.assessment->micro.read_bandwidth_bytes_per_second) {
    samples.push_back({{fmt::format("{}", threads)}, rate.median});
  }
  return samples;
}

std::vector<MetricSample> compute_rate(const MetricInput& input) {
  std::vector<MetricSample> samples;
  if (!input.assessment) return samples;
  const MicroResults& micro = input.assessment->micro;
  for (const auto& [threads, rate] : micro.fma_flops_per_second) {
    samples.push_back({{"fma_float32", fmt::format("{}", threads)}, rate.median});
  }
  for (const auto& [threads, rate] : micro.int8_ops_per_second) {
    samples.push_back({{"int8", fmt::format("{}", threads)}, rate.median});
  }
  return samples;
}

}  // namespace assay
