#include "probes/npu/npu_driver_facts.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr const char* k_not_told = "the driver does not tell";

std::optional<std::uint64_t> read_count(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 64);
  return text ? parse_number<std::uint64_t>(trim(*text)) : std::nullopt;
}

Fact<std::string> read_words(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  if (!text) {
    const bool missing = text.error().problem == ReadProblem::missing;
    return Fact<std::string>::unknown(missing ? k_not_told : text.error().reason);
  }
  if (trim(*text).empty()) return Fact<std::string>::unknown(path + " is empty");
  return Fact<std::string>::known(printable(trim(*text), 80), path);
}

// Linux Documentation/ABI/testing/sysfs-driver-ivpu (freq/, 7.2 on) and obsolete (the other), MHz.
constexpr std::array k_clock_files{"freq/hw_max_freq", "npu_max_frequency_mhz"};

Fact<double> read_max_frequency(const HostView& host, const std::string& folder) {
  // No neural processor is near 100 GHz: more is a broken file.
  constexpr std::uint64_t k_highest_megahertz = 100'000;
  for (const char* file : k_clock_files) {
    const std::string path = fmt::format("{}/{}", folder, file);
    const auto megahertz = read_count(host, path);
    if (!megahertz || *megahertz == 0) continue;
    if (*megahertz > k_highest_megahertz) {
      return Fact<double>::unknown(fmt::format("{}: {} MHz is not plausible", path, *megahertz));
    }
    return Fact<double>::known(static_cast<double>(*megahertz) * 1e6, path);
  }
  return Fact<double>::unknown(k_not_told);
}

}  // namespace

void read_npu_driver_facts(const HostView& host, const std::string& folder, NpuProfile& npu) {
  npu.firmware_version = read_words(host, folder + "/fw_version");
  npu.board_name = read_words(host, folder + "/vbnv");
  npu.max_frequency_hertz = read_max_frequency(host, folder);
  const std::string memory = folder + "/npu_memory_utilization";
  const auto used = read_count(host, memory);
  npu.memory_used =
      used ? Fact<Bytes>::known(Bytes(*used), memory) : Fact<Bytes>::unknown(k_not_told);
}

Fact<bool> npu_usable(const NpuProfile& npu) {
  if (npu.driver.state() == FactState::absent) {
    return Fact<bool>::known(false, npu.driver.source());
  }
  if (npu.device_node.state() == FactState::absent) {
    return Fact<bool>::known(false, "no device node: " + npu.device_node.source());
  }
  if (npu.accessible.is_known() && !npu.accessible.value()) {
    return Fact<bool>::known(false, npu.accessible.source());
  }
  if (npu.runtime.state() == FactState::absent) {
    return Fact<bool>::known(false, npu.runtime.source());
  }
  if (!npu.accessible.is_known()) return Fact<bool>::unknown(npu.accessible.reason());
  if (!npu.runtime.is_known()) return Fact<bool>::unknown(npu.runtime.reason());
  return Fact<bool>::known(
      true, fmt::format("driver, device node and runtime ({}) are there", npu.runtime.value()));
}

}  // namespace assay
