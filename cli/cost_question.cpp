#include "cli/cost_question.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

Result<std::optional<double>> amount_option(const Invocation& invocation, const char* name) {
  if (!invocation.has(name)) return std::optional<double>();
  const double amount = invocation.get<double>(name);
  constexpr double k_most = 1e6;  // watts, or a price: beyond it is a slip of the pen
  if (!(amount > 0.0) || amount > k_most) {
    return fail(ErrorCode::usage,
                fmt::format("--{}: {} (expected more than 0, at most {})", name, amount, k_most));
  }
  return std::optional<double>(amount);
}

}  // namespace

void declare_cost_options(options::options_description& own) {
  auto add = own.add_options();
  add("power", options::value<double>()->value_name("W"),
      "watts that the machine draws while it answers, read off a meter");
  add("electricity-price", options::value<double>()->value_name("P"),
      "price of a kilowatt-hour: shows what a million tokens cost");
  add("api-price", options::value<double>()->value_name("P"),
      "what a million tokens cost elsewhere, to compare with");
}

Result<CostQuestion> cost_question(const Invocation& invocation) {
  const auto watts = amount_option(invocation, "power");
  if (!watts) return pass_on(watts);
  const auto electricity = amount_option(invocation, "electricity-price");
  if (!electricity) return pass_on(electricity);
  const auto api = amount_option(invocation, "api-price");
  if (!api) return pass_on(api);
  return CostQuestion{*watts, {*electricity, *api}};
}

void put_cost(const CostQuestion& cost, const Invocation& invocation, const Grounds& grounds,
              const Fact<double>& drawn, Verdict& verdict) {
  if (!cost.is_asked()) return;
  // Its limits say what it may draw, whatever memory is asked about.
  const bool is_other = invocation.has("bandwidth") || grounds.device != "cpu";
  const MachineProfile* machine = is_other ? nullptr : &grounds.machine;
  verdict.cost = running_cost(power_draw(cost.watts, drawn, machine),
                              verdict.prediction.decode_tokens_per_second, cost.prices);
}

}  // namespace assay
