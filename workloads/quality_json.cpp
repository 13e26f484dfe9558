#include "workloads/quality_json.hpp"

#include <array>
#include <string>
#include <utility>

namespace assay {
namespace {

struct FigurePlace {
  const char* key;
  QualityFigure Quality::* figure;
};
constexpr std::array<FigurePlace, 5> k_figures{{
    {"perplexity", &Quality::perplexity},
    {"reference_perplexity", &Quality::reference_perplexity},
    {"mean_divergence_nats", &Quality::mean_divergence_nats},
    {"p99_divergence_nats", &Quality::p99_divergence_nats},
    {"top1_agreement_ratio", &Quality::top1_agreement_ratio},
}};

Json figure_to_json(const QualityFigure& figure) {
  Json json;
  json["value"] = figure.value;
  json["ci95"] = nullptr;
  if (figure.ci95) json["ci95"] = Json::array({figure.ci95->low, figure.ci95->high});
  return json;
}

Result<QualityFigure> figure_from(const JsonFields& quality, const char* key) {
  const auto fields = quality.object(key);
  if (!fields) return pass_on(fields);
  const auto value = fields->number("value");
  if (!value) return pass_on(value);
  QualityFigure figure{*value, std::nullopt};
  if (!fields->has("ci95")) return figure;
  const auto ends = fields->numbers("ci95");
  if (!ends) return pass_on(ends);
  if (ends->size() != 2) return fields->refuse("ci95", "expected two numbers");
  figure.ci95 = {(*ends)[0], (*ends)[1]};
  return figure;
}

Result<void> read_texts(const JsonFields& fields, Quality& into) {
  for (const auto& [key, place] :
       {std::pair{"reference", &into.reference},
        std::pair{"reference_format", &into.reference_format}, std::pair{"text", &into.text}}) {
    auto text = fields.text(key);
    if (!text) return pass_on(text);
    *place = std::move(*text);
  }
  return {};
}

Result<void> read_counts(const JsonFields& fields, Quality& into) {
  for (const auto& [key, place] :
       {std::pair{"chunks", &into.chunks}, std::pair{"chunk_tokens", &into.chunk_tokens}}) {
    const auto count = fields.count(key);
    if (!count) return pass_on(count);
    if (*count > UINT32_MAX) return fields.refuse(key, "too large");
    *place = static_cast<std::uint32_t>(*count);
  }
  for (const auto& [key, place] :
       {std::pair{"scored_tokens", &into.scored_tokens}, std::pair{"seed", &into.seed}}) {
    const auto count = fields.count(key);
    if (!count) return pass_on(count);
    *place = *count;
  }
  return {};
}

}  // namespace

Json quality_to_json(const Quality& quality) {
  Json json;
  json["reference"] = quality.reference;
  json["reference_format"] = quality.reference_format;
  json["text"] = quality.text;
  json["scored_tokens"] = quality.scored_tokens;
  json["chunks"] = quality.chunks;
  json["chunk_tokens"] = quality.chunk_tokens;
  json["seed"] = quality.seed;
  for (const FigurePlace& place : k_figures) {
    json[place.key] = figure_to_json(quality.*place.figure);
  }
  return json;
}

Result<Quality> quality_from_json(const JsonFields& fields) {
  Quality quality;
  if (auto read = read_texts(fields, quality); !read) return pass_on(read);
  if (auto read = read_counts(fields, quality); !read) return pass_on(read);
  for (const FigurePlace& place : k_figures) {
    const auto figure = figure_from(fields, place.key);
    if (!figure) return pass_on(figure);
    quality.*place.figure = *figure;
  }
  return quality;
}

}  // namespace assay
