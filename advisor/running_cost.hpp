#pragma once

#include <optional>

#include "advisor/prediction.hpp"
#include "base/fact.hpp"
#include "probes/machine_profile.hpp"

namespace assay {

/// What the machine draws while a model answers.
struct PowerDraw {
  Fact<double> watts;
  bool estimated = false;  // from a limit, not from a meter
};

/// What a user read off a meter; else what the packages' counters said while runs decoded; else the
/// sum of their long-term limits (RAPL), which is an estimate: the processor may draw less. Screen
/// and memory are in neither. Unknown, with the reason, where the system tells no limit.
PowerDraw power_draw(std::optional<double> metered_watts, const Fact<double>& measured_watts,
                     const MachineProfile* machine);

struct Prices {
  std::optional<double> electricity_per_kilowatt_hour;
  std::optional<double> api_per_million_tokens;  // of an answer, elsewhere
};

/// What a million tokens of answers cost in electricity. Rates that are not known make it unknown.
struct RunningCost {
  PowerDraw power;
  Prices prices;
  Estimate kilowatt_hours_per_million_tokens;
  Estimate cost_per_million_tokens;  // in the currency of the prices
};

/// watts / decode rate is joules per token, and 3.6 million of those a kilowatt-hour.
RunningCost running_cost(const PowerDraw& power, const Estimate& decode_tokens_per_second,
                         const Prices& prices);

}  // namespace assay
