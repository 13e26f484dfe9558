#include "advisor/running_cost.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

Fact<double> package_limits(const PowerProfile& power) {
  if (!power.zones.is_known()) {
    return Fact<double>::unknown(power.zones.reason().empty()
                                     ? "the system counts no energy (RAPL) and tells no limit"
                                     : power.zones.reason());
  }
  // Firmware writes 0 or thousands of watts for no limit.
  constexpr double k_no_limit_watts = 1000.0;
  double sum = 0.0;
  for (const PowerZone& zone : power.zones.value()) {
    if (!zone.name.starts_with("package")) continue;
    const double limit = zone.long_term_limit_watts.value_or(0.0);
    if (limit > 0.0 && limit < k_no_limit_watts) sum += limit;
  }
  if (!(sum > 0.0)) return Fact<double>::unknown("no package of the processor tells its limit");
  return Fact<double>::known(
      sum, fmt::format("the processor's long-term limit ({})", power.zones.source()));
}

}  // namespace

PowerDraw power_draw(std::optional<double> metered_watts, const Fact<double>& measured_watts,
                     const MachineProfile* machine) {
  if (metered_watts) return {Fact<double>::known(*metered_watts, "--power"), false};
  if (measured_watts.is_known()) return {measured_watts, false};
  if (machine == nullptr) return {Fact<double>::unknown("the machine is not described"), true};
  return {package_limits(machine->power), true};
}

RunningCost running_cost(const PowerDraw& power, const Estimate& decode_tokens_per_second,
                         const Prices& prices) {
  RunningCost cost{power, prices, {}, {}};
  const Estimate& decode = decode_tokens_per_second;
  if (!power.watts.is_known() || !decode.is_known()) return cost;
  constexpr double k_joules_per_kilowatt_hour = 3.6e6;
  const auto kilowatt_hours = [&](double rate) {
    return power.watts.value() / rate * 1e6 / k_joules_per_kilowatt_hour;
  };
  cost.kilowatt_hours_per_million_tokens = {
      kilowatt_hours(decode.high), kilowatt_hours(decode.expected), kilowatt_hours(decode.low),
      Origin::predicted, decode.basis};
  if (!prices.electricity_per_kilowatt_hour) return cost;
  const double price = *prices.electricity_per_kilowatt_hour;
  cost.cost_per_million_tokens = cost.kilowatt_hours_per_million_tokens;
  cost.cost_per_million_tokens.low *= price;
  cost.cost_per_million_tokens.expected *= price;
  cost.cost_per_million_tokens.high *= price;
  return cost;
}

}  // namespace assay
