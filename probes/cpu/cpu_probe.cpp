#include "probes/cpu/cpu_probe.hpp"

#include "probes/cpu/cpu_sections.hpp"

namespace assay {

CpuProfile probe_cpu(const HostView& host) {
  CpuProfile cpu;
  identify_cpu(host, cpu);
  describe_matrix_units(host, cpu);
  describe_cpu_shape(host, cpu);
  describe_clocks(host, cpu);
  return cpu;
}

}  // namespace assay
