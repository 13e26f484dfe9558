#pragma once

#include <optional>

#include "advisor/running_cost.hpp"
#include "advisor/verdict.hpp"
#include "cli/command.hpp"
#include "cli/grounds.hpp"

namespace assay {

/// What running costs is asked for by naming a price or a power.
struct CostQuestion {
  std::optional<double> watts;
  Prices prices;
  [[nodiscard]] bool is_asked() const {
    return watts || prices.electricity_per_kilowatt_hour || prices.api_per_million_tokens;
  }
};

/// Declares --power, --electricity-price and --api-price.
void declare_cost_options(options::options_description& own);
/// Errors: usage.
Result<CostQuestion> cost_question(const Invocation& invocation);
/// The cost at the verdict's decode rate, where it is asked for. `drawn` was measured here.
void put_cost(const CostQuestion& cost, const Invocation& invocation, const Grounds& grounds,
              const Fact<double>& drawn, Verdict& verdict);

}  // namespace assay
