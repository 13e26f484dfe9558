#include <utility>

#include "advisor/capability.hpp"
#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/json/known_keys.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_file = "capability/scores.json";
constexpr std::string_view k_schema = "assay.capability/1";

Result<PublishedScore> score_of(const JsonFields& entry, const JsonFields& sources) {
  if (auto known = only_known_keys(entry, {"model", "table", "benchmark", "version", "mode",
                                           "score", "by_its_vendor", "source"});
      !known) {
    return pass_on(known);
  }
  PublishedScore score;
  FirstError read;
  std::string source;
  read.take(entry.text("model"), score.model);
  read.take(entry.text("table"), score.table);
  read.take(entry.text("benchmark"), score.benchmark);
  read.take(entry.text("version"), score.version);
  read.take(entry.text("mode"), score.mode);
  read.take(entry.number("score"), score.score);
  read.take(entry.flag("by_its_vendor"), score.by_its_vendor);
  read.take(entry.text("source"), source);
  if (!read.ok()) return read.failure();
  if (!(score.score >= 0.0) || score.score > 100.0) {
    return entry.refuse("score", std::to_string(score.score) + " found (expected 0 to 100)");
  }
  if (auto named = sources.text(source); !named) return pass_on(named);
  return score;
}

}  // namespace

Result<PublishedScores> parse_scores(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  if (auto right = require_schema(fields, k_schema); !right) return pass_on(right);
  if (auto known = only_known_keys(fields, {"schema", "uses", "sources", "scores"}); !known) {
    return pass_on(known);
  }
  PublishedScores published;
  const auto uses = fields.object("uses");
  if (!uses) return pass_on(uses);
  for (const auto& [use, benchmarks] : uses->json().items()) {
    auto names = uses->texts(use);
    if (!names) return pass_on(names);
    published.benchmarks_by_use.emplace(use, std::move(*names));
  }
  const auto sources = fields.object("sources");
  if (!sources) return pass_on(sources);
  const auto entries = fields.objects("scores");
  if (!entries) return pass_on(entries);
  for (const JsonFields& entry : *entries) {
    auto score = score_of(entry, *sources);
    if (!score) return pass_on(score);
    published.scores.push_back(std::move(*score));
  }
  return published;
}

Result<PublishedScores> builtin_scores() {
  const auto text = builtin_text(k_file);
  if (!text) return pass_on(text);
  return parse_scores(*text, std::string(k_file));
}

}  // namespace assay
