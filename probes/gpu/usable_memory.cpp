#include "probes/gpu/usable_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

Fact<Bytes> meminfo_row(std::string_view meminfo, std::string_view key) {
  for (const std::string_view line : split(meminfo, '\n')) {
    if (!line.starts_with(key) || !line.ends_with(" kB")) continue;
    const std::string_view number = trim(line.substr(key.size(), line.size() - key.size() - 3));
    const auto kibibytes = parse_number<std::uint64_t>(number);
    if (!kibibytes || *kibibytes > (std::uint64_t{1} << 50U)) break;
    return Fact<Bytes>::known(Bytes(*kibibytes * 1024), "/proc/meminfo");
  }
  return Fact<Bytes>::unknown(fmt::format("/proc/meminfo has no row {}", key));
}

Fact<Bytes> lendable_memory(const HostView& host) {
  const std::string path = "/sys/module/ttm/parameters/pages_limit";
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<Bytes>::unknown(text.error().reason);
  const auto pages = parse_number<std::uint64_t>(trim(*text));
  constexpr std::uint64_t k_page = 4096;  // of the machines that have such graphics
  if (!pages || *pages == 0 || *pages > (std::uint64_t{1} << 40U)) {
    return Fact<Bytes>::unknown(path + " holds no plausible number of pages");
  }
  return Fact<Bytes>::known(Bytes(*pages * k_page), path);
}

/// The least of the known ones that bound it; `first` must be known.
Bytes least(const Fact<Bytes>& first, std::initializer_list<const Fact<Bytes>*> bounds) {
  Bytes bytes = first.value();
  for (const Fact<Bytes>* bound : bounds) {
    if (bound->is_known()) bytes = std::min(bytes, bound->value());
  }
  return bytes;
}

Fact<Bytes> usable_unified(const GpuProfile& gpu, const SystemMemory& system) {
  if (!system.available.is_known()) return Fact<Bytes>::unknown(system.available.reason());
  const Bytes lent = least(system.available, {&gpu.shared_memory, &system.lendable, &system.total});
  if (gpu.memory.is_known()) {
    return Fact<Bytes>::known(gpu.memory.value() + lent,
                              "carve-out + min(lent by the driver, MemAvailable, TTM limit)");
  }
  if (gpu.memory.state() == FactState::absent) {
    return Fact<Bytes>::known(lent, "MemAvailable: the part uses the system's memory");
  }
  return Fact<Bytes>::unknown("the carve-out is not known: " + gpu.memory.reason());
}

}  // namespace

SystemMemory read_system_memory(const HostView& host) {
  SystemMemory system;
  const auto meminfo = host.read_text("/proc/meminfo", 65536);
  if (meminfo) {
    system.total = meminfo_row(*meminfo, "MemTotal:");
    system.available = meminfo_row(*meminfo, "MemAvailable:");
  } else {
    system.total = system.available = Fact<Bytes>::unknown(meminfo.error().reason);
  }
  system.lendable = lendable_memory(host);
  return system;
}

Fact<Bytes> usable_gpu_memory(const GpuProfile& gpu, const SystemMemory& system) {
  if (gpu.software) return Fact<Bytes>::absent("a software device: it is the processor");
  if (!gpu.memory_kind.is_known()) return Fact<Bytes>::unknown(gpu.memory_kind.reason());
  switch (gpu.memory_kind.value()) {
    case DeviceMemoryKind::dedicated:
      if (!gpu.memory.is_known()) return gpu.memory;
      if (gpu.memory_free.is_known() && gpu.memory_free.value() <= gpu.memory.value()) {
        return Fact<Bytes>::known(gpu.memory_free.value(), "free memory of its own");
      }
      return Fact<Bytes>::known(gpu.memory.value(), "memory of its own; what is free is not told");
    case DeviceMemoryKind::shared:
      if (!system.available.is_known()) return Fact<Bytes>::unknown(system.available.reason());
      return Fact<Bytes>::known(
          least(system.available, {&gpu.shared_memory, &system.lendable, &system.total}),
          "min(MemAvailable, what the driver lends)");
    case DeviceMemoryKind::unified:
      return usable_unified(gpu, system);
  }
  return Fact<Bytes>::unknown("the kind of memory is not known");
}

}  // namespace assay
