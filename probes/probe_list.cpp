// The one list of what is probed.
#include "probes/cpu/cpu_probe.hpp"
#include "probes/cpu/usable_cpus.hpp"
#include "probes/gpu/gpu_probe.hpp"
#include "probes/memory/memory_probe.hpp"
#include "probes/npu/npu_probe.hpp"
#include "probes/os/machine_id.hpp"
#include "probes/os/os_probe.hpp"
#include "probes/power/power_probe.hpp"
#include "probes/probe.hpp"
#include "probes/storage/storage_probe.hpp"

namespace assay {

MachineProfile probe_machine(const HostView& given, const std::filesystem::path& state_folder) {
  // The running machine can always be asked; a recording only when somebody recorded its CPUID.
  const HostView host = given.is_live() && !given.cpuid() ? given.with_cpuid(live_cpuid()) : given;
  MachineProfile profile;
  profile.root = host.root().string();
  profile.cpu = probe_cpu(host);
  profile.cpu.usable_cpus = probe_usable_cpus(host, profile.cpu.logical_cores);
  profile.memory = probe_memory(host);
  probe_gpus(host, profile);
  probe_npus(host, profile);
  profile.os = probe_os(host);
  profile.power = probe_power(host);
  profile.storage = probe_storage(host, state_folder);
  profile.id = machine_id(host, profile);
  return profile;
}

}  // namespace assay
