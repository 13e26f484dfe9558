#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "reports/metrics.hpp"

namespace assay {
namespace {

constexpr std::string_view k_models_file = "metrics/models.json";
/// Label values come from documents: no control characters, and no longer than a name needs.
constexpr std::size_t k_most_label_bytes = 100;

prometheus::Labels labels_of(const Metric& metric, const MetricSample& sample) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < metric.labels.size() && i < sample.labels.size(); ++i) {
    labels.emplace(metric.labels[i], printable(sample.labels[i], k_most_label_bytes));
  }
  return labels;
}

}  // namespace

std::string metrics_text(const MetricInput& input) {
  prometheus::Registry registry;
  for (const Metric& metric : metric_catalogue()) {
    const std::vector<MetricSample> samples = metric.read(input);
    if (samples.empty()) continue;
    auto& family = prometheus::BuildGauge()
                       .Name(std::string(metric.name))
                       .Help(std::string(metric.help))
                       .Register(registry);
    for (const MetricSample& sample : samples) {
      family.Add(labels_of(metric, sample)).Set(sample.value);
    }
  }
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

Json metrics_json(const MetricInput& input) {
  Json json = Json::array();
  for (const Metric& metric : metric_catalogue()) {
    Json samples = Json::array();
    for (const MetricSample& sample : metric.read(input)) {
      Json labels = Json::object();
      for (const auto& [name, value] : labels_of(metric, sample)) labels[name] = value;
      samples.push_back({{"labels", labels}, {"value", sample.value}});
    }
    if (samples.empty()) continue;
    json.push_back({{"name", metric.name},
                    {"unit", metric.unit},
                    {"help", metric.help},
                    {"samples", samples}});
  }
  return json;
}

Result<std::vector<std::string>> builtin_metric_models() {
  const auto content = embedded_file(k_models_file);
  if (!content) {
    return fail(ErrorCode::internal, "is not part of the program", std::string(k_models_file));
  }
  auto json = parse_json(*content, std::string(k_models_file));
  if (!json) return pass_on(json);
  return JsonFields(*json, std::string(k_models_file)).texts("models");
}

}  // namespace assay
