#include "probes/gpu/driver_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

using Kind = Fact<DeviceMemoryKind>;

constexpr std::uint64_t k_most_memory = std::uint64_t{1} << 44U;  // 16 TiB: more is a broken file
constexpr double k_most_transfers = 1e12;

/// "16.0 GT/s PCIe" as transfers per second.
Fact<double> read_link_speed(const HostView& host, const std::string& path,
                             std::string_view remark) {
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<double>::unknown(text.error().reason);
  const std::string_view words = trim(*text);
  const auto speed = parse_number<double>(words.substr(0, words.find(' ')));
  const double transfers = speed.value_or(0) * 1e9;
  if (!(transfers > 0 && transfers < k_most_transfers)) {
    return Fact<double>::unknown(
        fmt::format("{}: \"{}\" found (expected GT/s)", path, printable(words, 40)));
  }
  return Fact<double>::known(transfers, path + std::string(remark));
}

Fact<std::uint32_t> read_link_width(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<std::uint32_t>::unknown(text.error().reason);
  const auto width = parse_number<std::uint32_t>(trim(*text));
  // PCI Express has links of 1 to 32 lanes; 0 and 255 stand for "no link" (a part of the
  // processor).
  if (!width || *width == 0 || *width > 32) {
    return Fact<std::uint32_t>::unknown(
        fmt::format("{}: \"{}\" found (expected 1 to 32 lanes)", path, printable(trim(*text), 40)));
  }
  return Fact<std::uint32_t>::known(*width, path);
}

/// The proprietary driver's description of one card: "Model: NVIDIA GeForce RTX 2080 SUPER".
std::optional<std::string> nvidia_model(const HostView& host, const std::string& address) {
  const std::string path = fmt::format("/proc/driver/nvidia/gpus/{}/information", address);
  const auto text = host.read_text(path, 65536);
  if (!text) return std::nullopt;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.starts_with("Model:")) return printable(trim(line.substr(6)), 120);
  }
  return std::nullopt;
}

/// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 ..." and "NVRM version:
/// NVIDIA UNIX Open Kernel Module for x86_64  590.48.01  Release Build ...": the first word of
/// numbers and points.
Fact<std::string> nvidia_driver_version(const HostView& host) {
  const std::string path = "/proc/driver/nvidia/version";
  const auto text = host.read_text(path, 4096);
  if (!text) return Fact<std::string>::unknown(text.error().reason);
  const std::string_view line = split(*text, '\n').front();
  for (const std::string_view word : split(line, ' ')) {
    const bool numbers = word.find_first_not_of("0123456789.") == std::string_view::npos;
    if (numbers && word.find('.') != std::string_view::npos) {
      return Fact<std::string>::known(printable(word, 40), path);
    }
  }
  return Fact<std::string>::unknown(path + " names no version");
}

/// The value of a row "Size:      3f0000000".
std::string_view row_value(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(key)) return trim(line.substr(key.size()));
  }
  return {};
}

/// Memory of a card that the kernel runs as a NUMA node (POWER9, Grace): the driver tells its size.
/// It is the card's, although the kernel counts it in the system's total.
void describe_numa_memory(const HostView& host, const std::string& address, GpuProfile& gpu) {
  const std::string path = fmt::format("/proc/driver/nvidia/gpus/{}/numa_status", address);
  const auto text = host.read_text(path, 4096);
  if (!text || row_value(*text, "Status:") != "online") return;
  const auto bytes = parse_hexadecimal<std::uint64_t>(row_value(*text, "Size:"));
  if (!bytes || *bytes == 0 || *bytes > k_most_memory) return;
  gpu.memory = Fact<Bytes>::known(Bytes(*bytes), path);
  gpu.memory_kind = Kind::known(DeviceMemoryKind::dedicated, path);
}

/// The highest frequency in MHz among files.
Fact<double> highest_megahertz(const HostView& host, const std::vector<std::string>& paths) {
  Fact<double> highest = Fact<double>::unknown("the driver shows no frequency");
  for (const std::string& path : paths) {
    const auto text = host.read_text(path, 64);
    if (!text) continue;
    const auto megahertz = parse_number<std::uint32_t>(trim(*text));
    if (!megahertz || *megahertz == 0 || *megahertz > 100'000) continue;
    const double hertz = static_cast<double>(*megahertz) * 1e6;
    if (hertz > highest.value_or(0)) highest = Fact<double>::known(hertz, path);
  }
  return highest;
}

/// The files of every graphics tile: xe has device/tileT/gtG/freq0/rp0_freq, i915 has
/// card/gt_max_freq_mhz.
std::vector<std::string> intel_frequency_files(const HostView& host, const PciDevice& device) {
  std::vector<std::string> paths;
  for (const std::string& tile : host.list(device.folder)) {
    if (!tile.starts_with("tile")) continue;
    const std::string folder = fmt::format("{}/{}", device.folder, tile);
    for (const std::string& part : host.list(folder)) {
      if (!part.starts_with("gt")) continue;
      paths.push_back(fmt::format("{}/{}/freq0/rp0_freq", folder, part));
      paths.push_back(fmt::format("{}/{}/freq0/max_freq", folder, part));
    }
  }
  for (const std::string& card : host.list(device.folder + "/drm")) {
    if (!card.starts_with("card")) continue;
    paths.push_back(fmt::format("{}/drm/{}/gt_RP0_freq_mhz", device.folder, card));
    paths.push_back(fmt::format("{}/drm/{}/gt_max_freq_mhz", device.folder, card));
  }
  return paths;
}

}  // namespace

Fact<Bytes> read_byte_count(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 64);
  if (!text) return Fact<Bytes>::unknown(text.error().reason);
  const auto bytes = parse_number<std::uint64_t>(trim(*text));
  if (!bytes || *bytes > k_most_memory) {
    return Fact<Bytes>::unknown(
        fmt::format("{}: \"{}\" found (expected bytes)", path, printable(trim(*text), 40)));
  }
  return Fact<Bytes>::known(Bytes(*bytes), path);
}

void describe_pcie_link(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  gpu.pcie_transfers_per_second =
      read_link_speed(host, device.folder + "/current_link_speed", " (an idle link may be slower)");
  gpu.pcie_width = read_link_width(host, device.folder + "/current_link_width");
  gpu.max_pcie_transfers_per_second = read_link_speed(host, device.folder + "/max_link_speed", "");
  gpu.max_pcie_width = read_link_width(host, device.folder + "/max_link_width");
}

bool is_integrated_nvidia(std::string_view model) {
  // Their driver refuses to name a memory of their own.
  const std::array<std::string_view, 3> integrated{"GB10", "Thor", "Orin"};
  return std::any_of(integrated.begin(), integrated.end(), [model](std::string_view part) {
    const std::size_t at = model.find(part);
    // "GB100" is another part.
    return at != std::string_view::npos &&
           (at + part.size() == model.size() || model[at + part.size()] < '0' ||
            model[at + part.size()] > '9');
  });
}

void describe_nvidia(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  gpu.memory = Fact<Bytes>::unknown("only NVIDIA's own library tells (see nvidia-smi)");
  gpu.driver_version = nvidia_driver_version(host);
  describe_numa_memory(host, device.address, gpu);
  const auto model = nvidia_model(host, device.address);
  if (!model) {
    if (!gpu.memory.is_known()) gpu.memory_kind = Kind::unknown("the model is not told");
    return;
  }
  const std::string from = "/proc/driver/nvidia/gpus";
  gpu.name = Fact<std::string>::known(*model, from);
  const bool unified = is_integrated_nvidia(*model);
  gpu.memory_kind =
      Kind::known(unified ? DeviceMemoryKind::unified : DeviceMemoryKind::dedicated, from);
  if (unified) gpu.memory = Fact<Bytes>::absent("an integrated part: it uses the system's memory");
}

void describe_intel(const HostView& host, const PciDevice& device, GpuProfile& gpu) {
  gpu.max_clock_hertz = highest_megahertz(host, intel_frequency_files(host, device));
  std::vector<std::string> memory;
  for (const std::string& tile : host.list(device.folder)) {
    if (!tile.starts_with("tile")) continue;
    memory.push_back(fmt::format("{}/{}/memory/freq0/max_freq", device.folder, tile));
  }
  gpu.memory_clock_hertz = highest_megahertz(host, memory);
  // Intel's integrated graphics are device 2 of the first bus, always.
  if (device.address == "0000:00:02.0") {
    gpu.memory = Fact<Bytes>::absent("integrated (PCI 00:02.0): it uses the system's memory");
    gpu.memory_kind = Kind::known(DeviceMemoryKind::shared, "PCI 00:02.0");
    return;
  }
  gpu.memory = Fact<Bytes>::unknown("the driver tells it to programs that open the device only");
  gpu.memory_kind = Kind::known(DeviceMemoryKind::dedicated, "not at PCI 00:02.0");
}

}  // namespace assay
