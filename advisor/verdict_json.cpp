#include "advisor/verdict_json.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "advisor/json/advice_json.hpp"
#include "advisor/json/first_error.hpp"

namespace assay {
namespace {

Json known_bytes(const Fact<Bytes>& fact) {
  return fact.is_known() ? Json(fact.value().value) : Json(nullptr);
}

Json memory_to_json(const Prediction& prediction) {
  const Footprint& footprint = prediction.footprint;
  Json json;
  json["needed_bytes"] =
      (footprint.weights + footprint.kv_cache + footprint.compute + footprint.runtime).value;
  json["available_bytes"] = known_bytes(prediction.available);
  json["weights_bytes"] = footprint.weights.value;
  json["kv_cache_bytes"] = footprint.kv_cache.value;
  json["compute_bytes"] = footprint.compute.value;
  json["runtime_bytes"] = footprint.runtime.value;
  json["file_bytes"] = prediction.file_bytes.value;
  return json;
}

void put_figures(Json& json, const Verdict& verdict) {
  const Prediction& prediction = verdict.prediction;
  json["decode_tokens_per_second"] = estimate_to_json(prediction.decode_tokens_per_second);
  json["prefill_tokens_per_second"] = estimate_to_json(prediction.prefill_tokens_per_second);
  json["time_to_first_token_seconds"] = estimate_to_json(prediction.time_to_first_token_seconds);
  json["memory"] = memory_to_json(prediction);
}

void put_answer(Json& json, const JudgedAnswer& answer) {
  json["thinking"] = answer.time.thinking;
  json["thinking_tokens"] = answer.time.thinking_tokens;
  json["time_to_answer_seconds"] = estimate_to_json(answer.time.seconds);
}

Json question_to_json(const Verdict& verdict) {
  Json json;
  json["model"] = verdict.model;
  json["format"] = verdict.format;
  json["cache_type"] = verdict.cache_type;
  json["device"] = verdict.device;
  json["context"] = verdict.context;
  json["depth"] = verdict.depth;
  json["use"] = verdict.use;
  json["prompt_tokens"] = verdict.prompt_tokens;
  json["answer_tokens"] = verdict.answer_tokens;
  return json;
}

Result<Prediction> memory_from_json(const JsonFields& fields) {
  FirstError read;
  std::uint64_t weights = 0;
  std::uint64_t cache = 0;
  std::uint64_t compute = 0;
  std::uint64_t runtime = 0;
  std::uint64_t file = 0;
  std::optional<std::uint64_t> available;
  read.take(fields.count("weights_bytes"), weights);
  read.take(fields.count("kv_cache_bytes"), cache);
  read.take_if_there(fields.optional_count("compute_bytes"), compute);
  read.take_if_there(fields.optional_count("runtime_bytes"), runtime);
  read.take_if_there(fields.optional_count("file_bytes"), file);
  read.take(fields.optional_count("available_bytes"), available);
  if (!read.ok()) return read.failure();
  Prediction prediction;
  prediction.footprint.weights = Bytes(weights);
  prediction.footprint.kv_cache = Bytes(cache);
  prediction.footprint.compute = Bytes(compute);
  prediction.footprint.runtime = Bytes(runtime);
  prediction.file_bytes = Bytes(file);
  prediction.available = available ? Fact<Bytes>::known(Bytes(*available), "document")
                                   : Fact<Bytes>::unknown("the document does not say");
  return prediction;
}

/// A member object, or nothing when the document lacks it.
Result<Estimate> member_estimate(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return Estimate{};
  auto member = fields.object(key);
  if (!member) return pass_on(member);
  return estimate_from_json(*member);
}

Result<JudgedAnswer> answer_from_json(const JsonFields& fields) {
  JudgedAnswer answer;
  FirstError read;
  std::string verdict;
  read.take_if_there(fields.optional_flag("thinking"), answer.time.thinking);
  read.take_if_there(fields.optional_count("thinking_tokens"), answer.time.thinking_tokens);
  read.take(member_estimate(fields, "time_to_answer_seconds"), answer.time.seconds);
  read.take_if_there(fields.optional_text("verdict"), verdict);
  if (!read.ok()) return read.failure();
  answer.verdict = verdict_from_name(verdict).value_or(VerdictKind::unknown);
  return answer;
}

/// Nothing where the document lacks it.
Result<std::optional<JudgedAnswer>> other_answer_from_json(const JsonFields& fields) {
  constexpr std::string_view k_key = "other_answer";
  if (!fields.has(k_key)) return std::optional<JudgedAnswer>();
  const auto member = fields.object(k_key);
  if (!member) return pass_on(member);
  auto answer = answer_from_json(*member);
  if (!answer) return pass_on(answer);
  return std::optional<JudgedAnswer>(*answer);
}

Result<Candidate> candidate_from_json(const JsonFields& fields) {
  Candidate candidate;
  FirstError read;
  auto verdict = fields.object("verdict");
  if (!verdict) return pass_on(verdict);
  read.take(verdict_from_json(*verdict), candidate.verdict);
  read.take_if_there(fields.optional_count("parameters"), candidate.parameters);
  read.take_if_there(fields.optional_count("active_parameters"), candidate.active_parameters);
  read.take_if_there(fields.optional_text("release"), candidate.release);
  read.take_if_there(fields.optional_text("family"), candidate.family);
  read.take_if_there(fields.optional_number("capability_log_odds"), candidate.capability);
  std::uint64_t comparisons = 0;
  read.take_if_there(fields.optional_count("comparisons"), comparisons);
  constexpr std::uint64_t k_most = std::numeric_limits<std::uint32_t>::max();
  candidate.comparisons = static_cast<std::uint32_t>(std::min(comparisons, k_most));
  read.take_if_there(fields.optional_flag("capability_inferred"), candidate.capability_inferred);
  read.take_if_there(fields.optional_text("reason"), candidate.reason);
  if (!read.ok()) return read.failure();
  return candidate;
}

Json candidate_to_json(const Candidate& candidate) {
  Json json;
  json["family"] = candidate.family;
  json["release"] = candidate.release.empty() ? Json(nullptr) : Json(candidate.release);
  json["parameters"] = candidate.parameters;
  json["active_parameters"] = candidate.active_parameters;
  json["capability_log_odds"] = candidate.capability;
  json["comparisons"] = candidate.comparisons;
  json["capability_inferred"] = candidate.capability_inferred;
  json["reason"] = candidate.reason;
  json["verdict"] = verdict_to_json(candidate.verdict);
  return json;
}

}  // namespace

Json estimate_to_json(const Estimate& estimate) {
  const bool known = estimate.is_known();
  Json json;
  json["low"] = known ? Json(estimate.low) : Json(nullptr);
  json["expected"] = known ? Json(estimate.expected) : Json(nullptr);
  json["high"] = known ? Json(estimate.high) : Json(nullptr);
  json["origin"] = origin_name(estimate.origin);
  json["basis"] = known ? Json(basis_name(estimate.basis)) : Json(nullptr);
  return json;
}

Result<Estimate> estimate_from_json(const JsonFields& fields) {
  Estimate estimate;
  FirstError read;
  std::string origin;
  std::string basis;
  std::optional<double> expected;
  read.take_if_there(fields.optional_text("origin"), origin);
  read.take_if_there(fields.optional_text("basis"), basis);
  read.take(fields.optional_number("expected"), expected);
  read.take_if_there(fields.optional_number("low"), estimate.low);
  read.take_if_there(fields.optional_number("high"), estimate.high);
  if (!read.ok()) return read.failure();
  if (!expected) return Estimate{};
  estimate.expected = *expected;
  estimate.origin = origin_from_name(origin).value_or(Origin::unknown);
  estimate.basis = basis_from_name(basis).value_or(Basis::profile);
  return estimate;
}

Json verdict_to_json(const Verdict& verdict) {
  Json json = question_to_json(verdict);
  json["verdict"] = verdict_name(verdict.verdict);
  json["limit"] = limit_name(verdict.limit);
  put_figures(json, verdict);
  put_answer(json, verdict.answer);
  if (verdict.other_answer) {
    Json other;
    put_answer(other, *verdict.other_answer);
    other["verdict"] = verdict_name(verdict.other_answer->verdict);
    json["other_answer"] = std::move(other);
  }
  json["why"] = verdict.why;
  json["advice"] = verdict.advice;
  put_advice(json, verdict);
  return json;
}

Result<Verdict> verdict_from_json(const JsonFields& fields) {
  Verdict verdict;
  FirstError read;
  std::string kind;
  std::string limit;
  read.take(fields.text("model"), verdict.model);
  read.take(fields.text("format"), verdict.format);
  read.take_if_there(fields.optional_text("device"), verdict.device);
  read.take_if_there(fields.optional_text("cache_type"), verdict.cache_type);
  read.take_if_there(fields.optional_count("context"), verdict.context);
  read.take_if_there(fields.optional_count("depth"), verdict.depth);
  read.take_if_there(fields.optional_text("use"), verdict.use);
  read.take_if_there(fields.optional_count("prompt_tokens"), verdict.prompt_tokens);
  read.take(fields.text("verdict"), kind);
  read.take_if_there(fields.optional_text("limit"), limit);
  if (auto memory = fields.object("memory"); memory) {
    read.take(memory_from_json(*memory), verdict.prediction);
  } else {
    read.keep(pass_on(memory));
  }
  Prediction& prediction = verdict.prediction;
  read.take(member_estimate(fields, "decode_tokens_per_second"),
            prediction.decode_tokens_per_second);
  read.take(member_estimate(fields, "prefill_tokens_per_second"),
            prediction.prefill_tokens_per_second);
  read.take(member_estimate(fields, "time_to_first_token_seconds"),
            prediction.time_to_first_token_seconds);
  read.take_if_there(fields.optional_count("answer_tokens"), verdict.answer_tokens);
  read.take(answer_from_json(fields), verdict.answer);
  read.take(other_answer_from_json(fields), verdict.other_answer);
  read.take_if_there(fields.optional_text("why"), verdict.why);
  if (fields.has("advice")) read.take(fields.texts("advice"), verdict.advice);
  if (const auto taken = take_advice(fields, verdict); !taken) read.keep(pass_on(taken));
  if (!read.ok()) return read.failure();
  verdict.verdict = verdict_from_name(kind).value_or(VerdictKind::unknown);
  verdict.limit = limit_from_name(limit).value_or(Limit::none);
  return verdict;
}

Json prediction_to_json(const Verdict& verdict) {
  Json json = question_to_json(verdict);
  put_figures(json, verdict);
  return json;
}

Json recommendation_to_json(const Recommendation& recommendation) {
  Json json;
  json["use"] = recommendation.use;
  json["considered"] = recommendation.considered;
  json["reason"] = recommendation.reason;
  json["ranking"] = Json::array();
  for (const Candidate& candidate : recommendation.ranking) {
    json["ranking"].push_back(candidate_to_json(candidate));
  }
  return json;
}

Result<Recommendation> recommendation_from_json(const JsonFields& fields) {
  Recommendation recommendation;
  FirstError read;
  read.take(fields.text("use"), recommendation.use);
  read.take_if_there(fields.optional_count("considered"), recommendation.considered);
  read.take_if_there(fields.optional_text("reason"), recommendation.reason);
  auto ranking = fields.objects("ranking");
  if (!ranking) return pass_on(ranking);
  for (const JsonFields& member : *ranking) {
    auto candidate = candidate_from_json(member);
    if (!candidate) return pass_on(candidate);
    recommendation.ranking.push_back(std::move(*candidate));
  }
  if (!read.ok()) return read.failure();
  return recommendation;
}

}  // namespace assay
