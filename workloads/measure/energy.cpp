#include "workloads/measure/energy.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr const char* k_powercap = "/sys/class/powercap";
// The same package is listed again under intel-rapl-mmio.
constexpr std::string_view k_control = "intel-rapl:";
constexpr double k_micro = 1e-6;

std::optional<double> joules_in(const HostView& host, const std::string& path,
                                std::string& reason) {
  const auto text = host.read_text(path, 64);
  if (!text) {
    reason = text.error().reason;
    return std::nullopt;
  }
  const auto microjoules = parse_number<std::uint64_t>(trim(*text));
  if (!microjoules) {
    reason = path + ": no number";
    return std::nullopt;
  }
  return static_cast<double>(*microjoules) * k_micro;
}

}  // namespace

EnergyReading read_energy(const HostView& host) {
  EnergyReading reading;
  reading.reason = fmt::format("{}: no energy counter of a package", k_powercap);
  for (const std::string& id : host.list(k_powercap)) {
    const std::string folder = fmt::format("{}/{}", k_powercap, id);
    if (!id.starts_with(k_control)) continue;
    const auto name = host.read_text(folder + "/name", 64);
    if (!name || !name->starts_with("package")) continue;
    const auto joules = joules_in(host, folder + "/energy_uj", reading.reason);
    const auto range = joules_in(host, folder + "/max_energy_range_uj", reading.reason);
    if (joules && range) reading.packages[id] = {.joules = *joules, .range_joules = *range};
  }
  return reading;
}

Fact<double> energy_between(const EnergyReading& before, const EnergyReading& after) {
  if (before.packages.empty()) return Fact<double>::unknown(before.reason);
  double sum = 0.0;
  for (const auto& [id, start] : before.packages) {
    const auto end = after.packages.find(id);
    if (end == after.packages.end()) return Fact<double>::unknown(after.reason);
    const double difference = end->second.joules - start.joules;
    sum += difference < 0.0 ? difference + end->second.range_joules : difference;
  }
  return Fact<double>::known(sum, k_energy_method);
}

EnergyMeter live_energy_meter() {
  if (read_energy(HostView::live()).packages.empty()) return {};
  return [] { return read_energy(HostView::live()); };
}

}  // namespace assay
