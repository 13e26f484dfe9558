#include <fmt/format.h>

#include "advisor/verdict_json.hpp"
#include "base/fact_json.hpp"
#include "probes/machine_profile_json.hpp"
#include "reports/document.hpp"
#include "workloads/micro_json.hpp"
#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

Json tool_to_json(const ToolInfo& tool) {
  return {{"version", tool.version},
          {"revision", tool.revision},
          {"build_type", tool.build_type},
          {"compiler", tool.compiler}};
}

Json environment_to_json(const RunEnvironment& environment, DocumentNotes& notes) {
  const std::string pointer = "/environment";
  Json json;
  json["suite"] = environment.suite.empty() ? Json(nullptr) : Json(environment.suite);
  if (environment.suite.empty()) notes.reasons[pointer + "/suite"] = "no suite was run";
  json["threads"] = environment.threads == 0 ? Json(nullptr) : Json(environment.threads);
  if (environment.threads == 0) notes.reasons[pointer + "/threads"] = "nothing was run";
  put_fact(json, pointer, "load_average_1m", environment.load_average_1m, notes);
  put_fact(json, pointer, "duration_seconds", environment.duration_seconds, notes);
  return json;
}

/// Why a prediction's figures are null: the reader of the document learns it from `reasons`.
void note_prediction(const Prediction& prediction, const std::string& pointer,
                     DocumentNotes& notes) {
  if (!prediction.available.is_known()) {
    notes.reasons[pointer + "/memory/available_bytes"] = prediction.available.reason();
  } else {
    notes.sources[pointer + "/memory/available_bytes"] = prediction.available.source();
  }
  const std::pair<const char*, const Estimate*> estimates[] = {
      {"decode_tokens_per_second", &prediction.decode_tokens_per_second},
      {"prefill_tokens_per_second", &prediction.prefill_tokens_per_second},
      {"time_to_first_token_seconds", &prediction.time_to_first_token_seconds}};
  for (const auto& [key, estimate] : estimates) {
    if (estimate->origin == Origin::unknown) {
      notes.reasons[fmt::format("{}/{}", pointer, key)] =
          prediction.decode_tokens_per_second.is_known()
              ? "what decode is predicted from says nothing of prompts"
              : "there is no calibration to predict it from";
    }
  }
}

}  // namespace

Json document_from(const Assessment& assessment) {
  DocumentNotes notes;
  Json json;
  json["schema"] = k_result_schema;
  json["run_id"] = assessment.run_id;
  json["started_at"] = assessment.started_at;
  json["command"] = assessment.command;
  json["partial"] = assessment.partial;
  json["failed"] = assessment.failed;
  json["tool"] = tool_to_json(assessment.tool);
  json["machine"] =
      assessment.machine ? profile_to_json(*assessment.machine, "/machine", notes) : Json(nullptr);
  if (!assessment.machine) notes.reasons["/machine"] = "no machine was probed";
  json["environment"] = environment_to_json(assessment.environment, notes);
  json["micro"] = micro_to_json(assessment.micro, "/micro", notes);
  json["runs"] = Json::array();
  for (std::size_t i = 0; i < assessment.runs.size(); ++i) {
    json["runs"].push_back(run_to_json(assessment.runs[i], fmt::format("/runs/{}", i), notes));
  }
  json["skipped"] = assessment.skipped;
  json["predictions"] = Json::array();
  json["verdicts"] = Json::array();
  for (std::size_t i = 0; i < assessment.verdicts.size(); ++i) {
    const Verdict& verdict = assessment.verdicts[i];
    json["predictions"].push_back(prediction_to_json(verdict));
    json["verdicts"].push_back(verdict_to_json(verdict));
    note_prediction(verdict.prediction, fmt::format("/predictions/{}", i), notes);
    note_prediction(verdict.prediction, fmt::format("/verdicts/{}", i), notes);
  }
  json["recommendation"] = assessment.recommendation
                               ? recommendation_to_json(*assessment.recommendation)
                               : Json(nullptr);
  if (!assessment.recommendation) notes.reasons["/recommendation"] = "none was asked for";
  json["checks"] = Json::array();
  for (const Check& check : assessment.checks) json["checks"].push_back(check_to_json(check));
  if (!assessment.other_engines.empty()) {
    json["other_engines"] = Json::array();
    for (const EngineEstimate& one : assessment.other_engines) {
      json["other_engines"].push_back(engine_estimate_to_json(one));
    }
  }
  if (!assessment.gpu_recommendations.empty()) {
    json["gpu_recommendations"] = Json::array();
    for (const GpuRecommendation& one : assessment.gpu_recommendations) {
      json["gpu_recommendations"].push_back(gpu_recommendation_to_json(one));
    }
  }
  if (!assessment.gpus.empty()) {
    json["gpus"] = Json::array();
    for (const GpuAnswer& one : assessment.gpus) json["gpus"].push_back(gpu_answer_to_json(one));
  }
  json["sources"] = Json(notes.sources);
  json["reasons"] = Json(notes.reasons);
  return json;
}

}  // namespace assay
