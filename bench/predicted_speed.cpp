// What the adviser predicts for runs that were measured: the program that bench/speed_accuracy.py
// compares them with.
//
//   predicted_speed SUITE.json RUN.json...
//
// Calibrates by the result document SUITE.json and prints, for the run of each other document, one
// JSON line: the prediction as it stands ("raw"), and the one for limits as they were measured
// beside the run ("shared").

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "advisor/catalogue.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"
#include "reports/document.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

Result<ModelSpec> spec_of(const RunResult& run) {
  const auto suite = builtin_suite();
  if (!suite) return pass_on(suite);
  if (const SuiteShape* shape = suite->shape(run.model.id)) {
    return sliced(shape->spec, run.model.layers);
  }
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  if (const CatalogueEntry* entry = catalogue->find(run.model.id)) return entry->spec;
  return fail(ErrorCode::refused_input, "neither a shape of the suite nor in the catalogue",
              run.model.id);
}

Result<Question> question_of(const RunResult& run) {
  auto spec = spec_of(run);
  if (!spec) return pass_on(spec);
  const auto recipe = recipe_from_name(run.model.format);
  const auto cache = cache_format(run.cache_type);
  if (!recipe || !cache) {
    return fail(ErrorCode::refused_input, "format or cache is not known", run.model.format);
  }
  auto plan = tensor_plan(*spec, *recipe);
  if (!plan) return pass_on(plan);
  Question question;
  question.model = run.model.id;
  question.spec = std::move(*spec);
  question.plan = std::move(*plan);
  question.format = run.model.format;
  question.session.cache = *cache;
  question.session.threads = run.engine.threads;
  // The step in the middle of a run stands for its median.
  question.depth = run.context_depth + run.prompt_tokens + run.generated_tokens / 2;
  question.prompt_tokens = run.prompt_tokens;
  return question;
}

Json to_json(const Estimate& estimate) {
  if (!estimate.is_known()) return nullptr;
  return {{"low", estimate.low}, {"expected", estimate.expected}, {"high", estimate.high}};
}

Json to_json(const Prediction& prediction) {
  return {{"decode", to_json(prediction.decode_tokens_per_second)},
          {"first_token", to_json(prediction.time_to_first_token_seconds)}};
}

Json median_of(const std::optional<Statistic>& statistic) {
  if (!statistic) return nullptr;
  return statistic->median;
}

Json measured(const RunResult& run) {
  return {{"decode", median_of(run.decode_tokens_per_second)},
          {"first_token", median_of(run.time_to_first_token_seconds)}};
}

Result<Json> compare(const Assessment& suite, const Assessment& beside, const RunResult& run) {
  const auto question = question_of(run);
  if (!question) return pass_on(question);
  const auto calibration = calibrate({}, suite.micro, suite.runs, run.engine.threads);
  if (!calibration) return pass_on(calibration);
  const auto memory = Fact<Bytes>::unknown("not asked");
  const auto scaled = with_limits(*calibration, beside.micro);
  return Json{{"shape", run.model.id},
              {"format", run.model.format},
              {"prompt", run.prompt_tokens},
              {"depth", run.context_depth},
              {"threads", run.engine.threads},
              {"validity", validity_name(run.validity)},
              {"bandwidth", calibration->read_bandwidth_bytes_per_second},
              {"bandwidth_beside", scaled.read_bandwidth_bytes_per_second},
              {"measured", measured(run)},
              {"raw", to_json(predict(*question, *calibration, memory))},
              {"shared", to_json(predict(*question, scaled, memory))}};
}

Result<void> run(int count, char** arguments) {
  const auto suite = read_document_file(arguments[1]);
  if (!suite) return pass_on(suite);
  for (int i = 2; i < count; ++i) {
    const auto beside = read_document_file(arguments[i]);
    if (!beside) return pass_on(beside);
    for (const RunResult& one : beside->runs) {
      const auto line = compare(*suite, *beside, one);
      if (!line) return pass_on(line);
      fmt::print("{}\n", line->dump());
    }
  }
  return {};
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
  if (count < 3) {
    fmt::print(stderr, "usage: predicted_speed SUITE.json RUN.json...\n");
    return 2;
  }
  const auto done = assay::run(count, arguments);
  if (done) return 0;
  fmt::print(stderr, "predicted_speed: {}\n", done.error().text());
  return 3;
}
