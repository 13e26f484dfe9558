#include "probes/gpu/gpu_numa_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

/// The value of a line "KEY: VALUE" whose key ends so.
std::optional<std::string_view> value_after(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t found = line.find(key);
    if (found != std::string_view::npos) return trim(line.substr(found + key.size()));
  }
  return std::nullopt;
}

/// The node that the driver put online for a GPU; nothing when it has none.
std::optional<std::uint32_t> node_of(const HostView& host, const std::string& address) {
  const auto text =
      host.read_text(fmt::format("/proc/driver/nvidia/gpus/{}/numa_status", address), 4096);
  if (!text || value_after(*text, "Status:") != "online") return std::nullopt;
  const auto node = value_after(*text, "Node:");
  return node ? parse_number<std::uint32_t>(*node) : std::nullopt;
}

/// "Node 250 MemTotal:       15728640 kB"
std::optional<Bytes> node_bytes(std::string_view meminfo, std::string_view key) {
  const auto value = value_after(meminfo, key);
  if (!value || !value->ends_with(" kB")) return std::nullopt;
  const auto kibibytes = parse_number<std::uint64_t>(trim(value->substr(0, value->size() - 3)));
  if (!kibibytes || *kibibytes > (std::uint64_t{1} << 34U)) return std::nullopt;  // 16 TiB
  return Bytes(*kibibytes << 10U);
}

void take_out(Fact<Bytes>& fact, Bytes bytes) {
  if (!fact.is_known()) return;
  const std::uint64_t all = fact.value().value;
  std::string source = fact.source();
  constexpr std::string_view k_note = " less the memory of GPUs";
  if (!source.ends_with(k_note)) source += k_note;
  fact = Fact<Bytes>::known(Bytes(all - std::min(all, bytes.value)), std::move(source));
}

}  // namespace

void separate_gpu_nodes(const HostView& host, MachineProfile& profile) {
  for (GpuProfile& gpu : profile.gpus) {
    const auto node = node_of(host, gpu.pci_address);
    if (!node) continue;
    const std::string path = fmt::format("/sys/devices/system/node/node{}/meminfo", *node);
    const auto text = host.read_text(path, 65536);
    if (!text) continue;
    const auto total = node_bytes(*text, "MemTotal:");
    const auto free = node_bytes(*text, "MemFree:");
    if (!total || !free || *free > *total) continue;
    if (!gpu.memory.is_known()) gpu.memory = Fact<Bytes>::known(*total, path);
    if (!gpu.memory_used.is_known()) gpu.memory_used = Fact<Bytes>::known(*total - *free, path);
    if (!gpu.memory_kind.is_known()) {
      gpu.memory_kind = Fact<DeviceMemoryKind>::known(DeviceMemoryKind::dedicated, path);
    }
    take_out(profile.memory.total, *total);
    take_out(profile.memory.available, *free);
  }
}

}  // namespace assay
