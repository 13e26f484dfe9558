#include "advisor/engine_factor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

#include "advisor/json/first_error.hpp"
#include "advisor/verdict_json.hpp"
#include "base/text.hpp"
#include "workloads/statistic.hpp"

namespace assay {
namespace {

// Engines count a few small tensors (rope factors, biases) or not: less than 0.2 % of any model of
// the catalogue. Two models of different shapes are further apart.
constexpr double k_same_parameters = 0.005;

/// Letters and digits in small: "Qwen3-1.7B" is "qwen317b".
std::string plain(std::string_view text) {
  std::string kept;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0) kept += static_cast<char>(std::tolower(byte));
  }
  return kept;
}

bool has_parameters(const CatalogueEntry& entry, std::uint64_t parameters) {
  const auto plan = tensor_plan(entry.spec, Recipe::f16);
  if (!plan) return false;
  const auto own = static_cast<double>(plan->parameters());
  return std::abs(static_cast<double>(parameters) / own - 1.0) < k_same_parameters;
}

/// The entries whose name the row's model holds, the longest names only.
std::vector<const CatalogueEntry*> named_in(const std::string& model,
                                            const std::vector<const CatalogueEntry*>& candidates) {
  std::vector<const CatalogueEntry*> named;
  std::size_t longest = 0;
  for (const CatalogueEntry* entry : candidates) {
    const std::string name = plain(entry->id);
    if (plain(model).find(name) == std::string::npos || name.size() < longest) continue;
    if (name.size() > longest) named.clear();
    longest = name.size();
    named.push_back(entry);
  }
  return named;
}

bool same_work(const EngineFactor& one, const EngineFactor& other) {
  return one.engine == other.engine && one.version == other.version && one.model == other.model &&
         one.format == other.format && one.threads == other.threads &&
         one.prompt_tokens == other.prompt_tokens &&
         one.generated_tokens == other.generated_tokens && one.depth == other.depth;
}

EngineEstimate estimate_of(const std::string& engine, std::vector<double> ratios,
                           const Estimate& decode) {
  EngineEstimate estimate;
  estimate.engine = engine;
  estimate.runs = ratios.size();
  const Statistic spread = describe(std::move(ratios));
  estimate.ratio = spread.median;
  estimate.ratio_low = spread.minimum;
  estimate.ratio_high = spread.maximum;
  estimate.decode_tokens_per_second = {decode.low * spread.minimum, decode.expected * spread.median,
                                       decode.high * spread.maximum, Origin::predicted,
                                       decode.basis};
  return estimate;
}

}  // namespace

Result<const CatalogueEntry*> model_of_row(const EngineRow& row, const Catalogue& catalogue) {
  if (const CatalogueEntry* entry = catalogue.find(row.model)) return entry;
  std::vector<const CatalogueEntry*> candidates;
  for (const CatalogueEntry& entry : catalogue.entries) {
    if (!row.parameters || has_parameters(entry, *row.parameters)) candidates.push_back(&entry);
  }
  const auto named = named_in(row.model, candidates);
  if (named.size() == 1) return named.front();
  if (named.empty() && row.parameters && candidates.size() == 1) return candidates.front();
  std::vector<std::string> names;
  for (const CatalogueEntry* entry : named.empty() ? candidates : named) names.push_back(entry->id);
  constexpr std::size_t k_few = 6;
  if (names.empty() || names.size() > k_few) {
    return fail(ErrorCode::unknown,
                fmt::format("'{}' is no model of the catalogue by name and size (name it with "
                            "--model)",
                            printable(row.model, 60)));
  }
  return fail(ErrorCode::unknown, fmt::format("'{}' may be {} (name it with --model)",
                                              printable(row.model, 60), fmt::join(names, " or ")));
}

Result<EngineFactor> factor_of(const EngineRow& row, const std::string& model,
                               const ModelSpec& spec, const TensorPlan& plan,
                               const Calibration& calibration) {
  Question question;
  question.spec = spec;
  question.plan = plan;
  question.session.threads = row.threads;
  question.depth = row.depth + row.generated_tokens / 2;
  question.prompt_tokens = row.prompt_tokens;
  question.session.context = static_cast<std::uint32_t>(
      std::max<std::uint64_t>(row.depth + row.prompt_tokens + row.generated_tokens, 1));
  const Prediction prediction = predict(question, calibration, Fact<Bytes>());
  const Estimate& predicted = row.prompt_tokens > 0 ? prediction.prefill_tokens_per_second
                                                    : prediction.decode_tokens_per_second;
  if (!predicted.is_known() || !(predicted.expected > 0.0)) {
    return fail(ErrorCode::unknown, "its speed cannot be predicted from what was measured here");
  }
  return EngineFactor{.engine = row.engine,
                      .version = row.version,
                      .model = model,
                      .format = row.format,
                      .threads = row.threads,
                      .prompt_tokens = row.prompt_tokens,
                      .generated_tokens = row.generated_tokens,
                      .depth = row.depth,
                      .tokens_per_second = row.tokens_per_second,
                      .predicted_tokens_per_second = predicted.expected,
                      .calibration = calibration.origin,
                      .imported_at = {}};
}

void merge_factors(std::vector<EngineFactor>& known, std::vector<EngineFactor> added) {
  for (EngineFactor& factor : added) {
    std::erase_if(known,
                  [&factor](const EngineFactor& earlier) { return same_work(earlier, factor); });
    known.push_back(std::move(factor));
  }
}

std::vector<EngineEstimate> engine_estimates(std::span<const EngineFactor> factors,
                                             const std::string& format, const Estimate& decode) {
  struct Ratios {
    std::vector<double> all;
    std::vector<double> of_format;
  };
  std::map<std::string, Ratios> engines;
  for (const EngineFactor& factor : factors) {
    if (!factor.is_decode()) continue;
    Ratios& ratios = engines[factor.engine];
    ratios.all.push_back(factor.ratio());
    if (factor.format == format) ratios.of_format.push_back(factor.ratio());
  }
  std::vector<EngineEstimate> estimates;
  if (!decode.is_known()) return estimates;
  for (auto& [engine, ratios] : engines) {
    const bool has_format = !ratios.of_format.empty();
    estimates.push_back(
        estimate_of(engine, std::move(has_format ? ratios.of_format : ratios.all), decode));
    if (has_format) estimates.back().format = format;
  }
  return estimates;
}

Json engine_factor_to_json(const EngineFactor& factor) {
  Json json;
  json["engine"] = factor.engine;
  json["version"] = factor.version;
  json["model"] = factor.model;
  json["format"] = factor.format;
  json["threads"] = factor.threads;
  json["prompt_tokens"] = factor.prompt_tokens;
  json["generated_tokens"] = factor.generated_tokens;
  json["depth"] = factor.depth;
  json["tokens_per_second"] = factor.tokens_per_second;
  json["predicted_tokens_per_second"] = factor.predicted_tokens_per_second;
  json["ratio"] = factor.ratio();
  json["calibration_run_id"] = factor.calibration;
  json["imported_at"] = factor.imported_at;
  return json;
}

Result<EngineFactor> engine_factor_from_json(const JsonFields& fields) {
  EngineFactor factor;
  FirstError read;
  read.take(fields.text("engine"), factor.engine);
  read.take_if_there(fields.optional_text("version"), factor.version);
  read.take(fields.text("model"), factor.model);
  read.take(fields.text("format"), factor.format);
  read.take(fields.count("threads"), factor.threads);
  read.take(fields.count("prompt_tokens"), factor.prompt_tokens);
  read.take(fields.count("generated_tokens"), factor.generated_tokens);
  read.take(fields.count("depth"), factor.depth);
  read.take(fields.number("tokens_per_second"), factor.tokens_per_second);
  read.take(fields.number("predicted_tokens_per_second"), factor.predicted_tokens_per_second);
  read.take_if_there(fields.optional_text("calibration_run_id"), factor.calibration);
  read.take_if_there(fields.optional_text("imported_at"), factor.imported_at);
  if (!read.ok()) return read.failure();
  if (!(factor.tokens_per_second > 0.0)) {
    return fields.refuse("tokens_per_second", "is not above 0");
  }
  if (!(factor.predicted_tokens_per_second > 0.0)) {
    return fields.refuse("predicted_tokens_per_second", "is not above 0");
  }
  return factor;
}

Json engine_estimate_to_json(const EngineEstimate& estimate) {
  Json json;
  json["engine"] = estimate.engine;
  json["ratio"] = estimate.ratio;
  json["ratio_low"] = estimate.ratio_low;
  json["ratio_high"] = estimate.ratio_high;
  json["runs"] = estimate.runs;
  json["format"] = estimate.format.empty() ? Json(nullptr) : Json(estimate.format);
  json["decode_tokens_per_second"] = estimate_to_json(estimate.decode_tokens_per_second);
  return json;
}

}  // namespace assay
