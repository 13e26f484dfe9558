#include <cmath>
#include <utility>

#include "advisor/check.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/verdict_json.hpp"

namespace assay {

Json check_to_json(const Check& check) {
  Json json;
  json["figure"] = checked_figure_name(check.figure);
  json["model"] = check.model;
  json["format"] = check.format;
  json["layers"] = check.layers;
  json["full_layers"] = check.full_layers;
  json["threads"] = check.threads;
  json["depth"] = check.depth;
  json["prompt_tokens"] = check.prompt_tokens;
  json["predicted"] = estimate_to_json(check.predicted);
  json["measured"] = check.measured;
  json["error_ratio"] = error_ratio(check);
  json["within"] = is_within(check);
  json["calibration_run_id"] = check.calibration.empty() ? Json(nullptr) : Json(check.calibration);
  json["seen"] = check.seen;
  json["conditions_ratio"] = check.conditions_ratio ? Json(*check.conditions_ratio) : Json(nullptr);
  json["reasons"] = check.reasons;
  return json;
}

Result<std::optional<Check>> check_from_json(const JsonFields& fields) {
  Check check;
  FirstError read;
  std::string figure;
  read.take(fields.text("figure"), figure);
  read.take(fields.text("model"), check.model);
  read.take(fields.text("format"), check.format);
  read.take_if_there(fields.optional_count("layers"), check.layers);
  read.take_if_there(fields.optional_count("full_layers"), check.full_layers);
  read.take(fields.count("threads"), check.threads);
  read.take_if_there(fields.optional_count("depth"), check.depth);
  read.take_if_there(fields.optional_count("prompt_tokens"), check.prompt_tokens);
  auto predicted = fields.object("predicted");
  if (predicted) {
    read.take(estimate_from_json(*predicted), check.predicted);
  } else {
    read.keep(pass_on(predicted));
  }
  read.take(fields.number("measured"), check.measured);
  read.take_if_there(fields.optional_text("calibration_run_id"), check.calibration);
  read.take_if_there(fields.optional_flag("seen"), check.seen);
  if (fields.has("reasons")) read.take(fields.texts("reasons"), check.reasons);
  auto conditions = fields.optional_number("conditions_ratio");
  if (!conditions) read.keep(pass_on(conditions));
  if (!read.ok()) return read.failure();
  check.conditions_ratio = *conditions;
  const auto known = checked_figure_from_name(figure);
  if (!known) return std::optional<Check>();
  check.figure = *known;
  if (!(check.measured > 0.0)) return fields.refuse("measured", "is not above 0");
  if (check.conditions_ratio && !(*check.conditions_ratio > 0.0)) {
    return fields.refuse("conditions_ratio", "is not above 0");
  }
  const Estimate& estimate = check.predicted;
  if (!(estimate.low >= 0.0 && estimate.expected > 0.0 && estimate.low <= estimate.expected &&
        estimate.expected <= estimate.high)) {
    return fields.refuse(
        "predicted", "low, expected and high are not in this order, or expected is not above 0");
  }
  return std::optional(std::move(check));
}

}  // namespace assay
