#include "advisor/json/advice_json.hpp"

#include <string>
#include <utility>

#include "advisor/json/first_error.hpp"
#include "advisor/verdict_json.hpp"

namespace assay {
namespace {

Json change_to_json(const Change& change) {
  Json json;
  json["kind"] = change_name(change.kind);
  json["words"] = change.words;
  json["verdict"] = verdict_name(change.verdict);
  json["decode_tokens_per_second"] = estimate_to_json(change.decode_tokens_per_second);
  json["needed_bytes"] = change.needed.value;
  return json;
}

Json effect_to_json(const FormatEffect& effect) {
  Json json;
  json["format"] = effect.format;
  json["cache_type"] = effect.cache_type;
  json["weights_bytes"] = effect.weights.value;
  json["kv_cache_bytes"] = effect.kv_cache.value;
  json["needed_bytes"] = effect.needed.value;
  json["verdict"] = verdict_name(effect.verdict);
  json["decode_tokens_per_second"] = estimate_to_json(effect.decode_tokens_per_second);
  return json;
}

Json optional_number(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json cost_to_json(const RunningCost& cost) {
  Json json;
  json["power_watts"] = optional_number(cost.power.watts.optional());
  json["power_estimated"] = cost.power.estimated;
  json["power_source"] =
      cost.power.watts.is_known() ? cost.power.watts.source() : cost.power.watts.reason();
  json["kilowatt_hours_per_million_tokens"] =
      estimate_to_json(cost.kilowatt_hours_per_million_tokens);
  json["electricity_price_per_kilowatt_hour"] =
      optional_number(cost.prices.electricity_per_kilowatt_hour);
  json["cost_per_million_tokens"] = estimate_to_json(cost.cost_per_million_tokens);
  json["api_price_per_million_tokens"] = optional_number(cost.prices.api_per_million_tokens);
  return json;
}

Result<Estimate> decode_of(const JsonFields& fields) {
  const auto member = fields.object("decode_tokens_per_second");
  if (!member) return pass_on(member);
  return estimate_from_json(*member);
}

Result<Change> change_from_json(const JsonFields& fields) {
  Change change;
  FirstError read;
  std::string kind;
  std::string verdict;
  std::uint64_t needed = 0;
  read.take(fields.text("kind"), kind);
  read.take(fields.text("words"), change.words);
  read.take(fields.text("verdict"), verdict);
  read.take(decode_of(fields), change.decode_tokens_per_second);
  read.take(fields.count("needed_bytes"), needed);
  if (!read.ok()) return read.failure();
  change.kind = change_from_name(kind).value_or(ChangeKind::other);
  change.verdict = verdict_from_name(verdict).value_or(VerdictKind::unknown);
  change.needed = Bytes(needed);
  return change;
}

Result<FormatEffect> effect_from_json(const JsonFields& fields) {
  FormatEffect effect;
  FirstError read;
  std::string verdict;
  std::uint64_t weights = 0;
  std::uint64_t cache = 0;
  std::uint64_t needed = 0;
  read.take(fields.text("format"), effect.format);
  read.take(fields.text("cache_type"), effect.cache_type);
  read.take(fields.count("weights_bytes"), weights);
  read.take(fields.count("kv_cache_bytes"), cache);
  read.take(fields.count("needed_bytes"), needed);
  read.take(fields.text("verdict"), verdict);
  read.take(decode_of(fields), effect.decode_tokens_per_second);
  if (!read.ok()) return read.failure();
  effect.weights = Bytes(weights);
  effect.kv_cache = Bytes(cache);
  effect.needed = Bytes(needed);
  effect.verdict = verdict_from_name(verdict).value_or(VerdictKind::unknown);
  return effect;
}

Result<RunningCost> cost_from_json(const JsonFields& fields) {
  RunningCost cost;
  FirstError read;
  std::optional<double> watts;
  std::string source;
  read.take(fields.optional_number("power_watts"), watts);
  read.take_if_there(fields.optional_flag("power_estimated"), cost.power.estimated);
  read.take_if_there(fields.optional_text("power_source"), source);
  read.take(fields.optional_number("electricity_price_per_kilowatt_hour"),
            cost.prices.electricity_per_kilowatt_hour);
  read.take(fields.optional_number("api_price_per_million_tokens"),
            cost.prices.api_per_million_tokens);
  for (const auto& [key, into] :
       {std::pair("kilowatt_hours_per_million_tokens", &cost.kilowatt_hours_per_million_tokens),
        std::pair("cost_per_million_tokens", &cost.cost_per_million_tokens)}) {
    const auto member = fields.object(key);
    if (!member) return pass_on(member);
    read.take(estimate_from_json(*member), *into);
  }
  if (!read.ok()) return read.failure();
  cost.power.watts = watts ? Fact<double>::known(*watts, source) : Fact<double>::unknown(source);
  return cost;
}

Result<ContextRoom> contexts_from_json(const JsonFields& fields) {
  ContextRoom room;
  FirstError read;
  read.take(fields.count("comfortable"), room.comfortable);
  read.take(fields.count("ok"), room.ok);
  read.take(fields.count("tight"), room.tight);
  read.take(fields.count("trained"), room.trained);
  if (!read.ok()) return read.failure();
  return room;
}

/// A list of members that may be missing.
template <typename T>
Result<void> take_list(const JsonFields& fields, std::string_view key,
                       Result<T> (*from_json)(const JsonFields&), std::vector<T>& into) {
  if (!fields.has(key)) return {};
  const auto members = fields.objects(key);
  if (!members) return pass_on(members);
  for (const JsonFields& member : *members) {
    auto value = from_json(member);
    if (!value) return pass_on(value);
    into.push_back(std::move(*value));
  }
  return {};
}

/// A member that may be missing.
template <typename T>
Result<void> take_member(const JsonFields& fields, std::string_view key,
                         Result<T> (*from_json)(const JsonFields&), std::optional<T>& into) {
  if (!fields.has(key)) return {};
  const auto member = fields.object(key);
  if (!member) return pass_on(member);
  auto value = from_json(*member);
  if (!value) return pass_on(value);
  into = std::move(*value);
  return {};
}

}  // namespace

void put_advice(Json& json, const Verdict& verdict) {
  json["changes"] = Json::array();
  for (const Change& change : verdict.changes) json["changes"].push_back(change_to_json(change));
  if (verdict.contexts) {
    json["largest_context"] = {{"comfortable", verdict.contexts->comfortable},
                               {"ok", verdict.contexts->ok},
                               {"tight", verdict.contexts->tight},
                               {"trained", verdict.contexts->trained}};
  }
  if (!verdict.formats.empty()) json["formats"] = Json::array();
  for (const FormatEffect& effect : verdict.formats) {
    json["formats"].push_back(effect_to_json(effect));
  }
  if (verdict.cost) json["running_cost"] = cost_to_json(*verdict.cost);
}

Result<void> take_advice(const JsonFields& fields, Verdict& verdict) {
  if (auto taken = take_list(fields, "changes", change_from_json, verdict.changes); !taken) {
    return taken;
  }
  if (auto taken = take_list(fields, "formats", effect_from_json, verdict.formats); !taken) {
    return taken;
  }
  if (auto taken = take_member(fields, "largest_context", contexts_from_json, verdict.contexts);
      !taken) {
    return taken;
  }
  return take_member(fields, "running_cost", cost_from_json, verdict.cost);
}

}  // namespace assay
