#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "reports/document/parts.hpp"
#include "reports/timestamp.hpp"
#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

/// Figures in a document are written with all their digits; what differs by more was not derived
/// from the samples. 1e-9 leaves room for another order of the sums.
constexpr double k_derivation_tolerance = 1e-9;
/// Read bandwidth and decode rate are medians of two measurements, each within some percent.
constexpr double k_bandwidth_tolerance = 1.05;

using Problems = std::vector<DocumentProblem>;

bool nearly(double a, double b) {
  return std::abs(a - b) <= k_derivation_tolerance * std::max(std::abs(a), std::abs(b));
}

/// The interval that the samples give, where one is told.
bool is_interval(const Json& told, const std::optional<Statistic::Interval>& derived) {
  if (told.is_null()) return !derived;
  return derived && told.is_array() && told.size() == 2 && told[0].is_number() &&
         told[1].is_number() && nearly(told[0].get<double>(), derived->low) &&
         nearly(told[1].get<double>(), derived->high);
}

/// Compares what a statistic says with what its samples say.
void check_statistic(const Json& json, const std::string& pointer, Problems& problems) {
  const auto derived = statistic_from_json(JsonFields(json, "", pointer));
  if (!derived) return;  // the typed reader says so
  const std::pair<const char*, double> figures[] = {
      {"median", derived->median},
      {"mad", derived->mad},
      {"min", derived->minimum},
      {"max", derived->maximum},
      {"n", static_cast<double>(derived->samples.size())}};
  for (const auto& [key, expected] : figures) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number()) continue;
    if (!nearly(found->get<double>(), expected)) {
      problems.push_back(
          {fmt::format("{}/{}", pointer, key),
           fmt::format("{} found ({} follows from the samples)", found->get<double>(), expected)});
    }
  }
  const auto interval = json.find("ci95");
  if (interval != json.end() && !is_interval(*interval, derived->ci95)) {
    problems.push_back({pointer + "/ci95", "does not follow from the samples"});
  }
}

/// Finds every object that holds samples beside a median.
void check_statistics(const Json& json, const std::string& pointer, Problems& problems) {
  if (json.is_object() && json.contains("samples") && json.contains("median")) {
    check_statistic(json, pointer, problems);
    return;
  }
  if (!json.is_structured()) return;
  for (const auto& [key, value] : json.items()) {
    check_statistics(value, fmt::format("{}/{}", pointer, key), problems);
  }
}

/// Every null of the machine and the runs has its reason.
void check_nulls(const Json& json, const std::string& pointer, const DocumentNotes& notes,
                 Problems& problems) {
  if (json.is_null()) {
    const bool is_interval = pointer.ends_with("/ci95");  // null means fewer than six samples
    if (!is_interval && !notes.reasons.contains(pointer) && !notes.sources.contains(pointer)) {
      problems.push_back({pointer, "is null, but `reasons` does not say why"});
    }
  }
  if (!json.is_structured()) return;
  for (const auto& [key, value] : json.items()) {
    check_nulls(value, fmt::format("{}/{}", pointer, key), notes, problems);
  }
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = std::string_view("0123456789abcdef").find(text[i]) != std::string_view::npos;
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

void check_identity(const Assessment& assessment, Problems& problems) {
  if (!is_uuid(assessment.run_id)) {
    problems.push_back({"/run_id", fmt::format("\"{}\" found (expected a UUID in small letters)",
                                               printable(assessment.run_id, 60))});
  }
  if (!seconds_since_epoch(assessment.started_at)) {
    problems.push_back(
        {"/started_at", fmt::format("\"{}\" found (expected UTC, as 2026-02-03T04:05:06Z)",
                                    printable(assessment.started_at, 60))});
  }
}

/// The largest cache times its instances: what may be read faster than memory allows.
double cache_bytes(const Assessment& assessment) {
  double largest = 0.0;
  if (!assessment.machine || !assessment.machine->cpu.caches.is_known()) return largest;
  for (const CacheLevel& cache : assessment.machine->cpu.caches.value()) {
    largest = std::max(largest, static_cast<double>(cache.bytes.value) * cache.instances);
  }
  return largest;
}

double best_bandwidth(const MicroResults& micro) {
  double best = 0.0;
  for (const auto& [threads, rate] : micro.read_bandwidth_bytes_per_second) {
    best = std::max(best, rate.median);
  }
  return best;
}

/// No run reads memory faster than the machine's bandwidth, and no failed output counts.
void check_runs(const Assessment& assessment, Problems& problems) {
  const double bandwidth = best_bandwidth(assessment.micro);
  const double cached = cache_bytes(assessment);
  for (std::size_t i = 0; i < assessment.runs.size(); ++i) {
    const RunResult& run = assessment.runs[i];
    if (run.validity == Validity::invalid) continue;
    if (run.verification && !run.verification->passed) {
      problems.push_back({fmt::format("/runs/{}/validity", i),
                          fmt::format("{} found, but the verification failed (expected invalid)",
                                      validity_name(run.validity))});
    }
    if (!run.decode_tokens_per_second || bandwidth == 0.0) continue;
    const double from_memory = std::max(0.0, run.decode_bytes_per_token - cached);
    const double reached = run.decode_tokens_per_second->median * from_memory;
    if (reached > k_bandwidth_tolerance * bandwidth) {
      problems.push_back(
          {fmt::format("/runs/{}/decode/tokens_per_second", i),
           fmt::format("reads {:.4g} GB/s (the measured read bandwidth is {:.4g} GB/s)",
                       reached / 1e9, bandwidth / 1e9)});
    }
  }
}

void check_verdicts(const Assessment& assessment, Problems& problems) {
  for (std::size_t i = 0; i < assessment.verdicts.size(); ++i) {
    const Prediction& prediction = assessment.verdicts[i].prediction;
    const std::pair<const char*, const Estimate*> estimates[] = {
        {"decode_tokens_per_second", &prediction.decode_tokens_per_second},
        {"time_to_first_token_seconds", &prediction.time_to_first_token_seconds}};
    for (const auto& [key, estimate] : estimates) {
      if (estimate->origin == Origin::unknown) continue;
      if (estimate->low > estimate->expected || estimate->expected > estimate->high) {
        problems.push_back({fmt::format("/verdicts/{}/{}", i, key),
                            fmt::format("low {}, expected {}, high {} are out of order",
                                        estimate->low, estimate->expected, estimate->high)});
      }
    }
  }
}

/// "FILE: POINTER: WHAT" of an error as a problem.
DocumentProblem problem_of(const Error& error) {
  const std::size_t end = error.message.find(": ");
  if (!error.message.starts_with('/') || end == std::string::npos) return {"", error.message};
  return {error.message.substr(0, end), error.message.substr(end + 2)};
}

}  // namespace

std::vector<DocumentProblem> check_document(const Json& document, const std::string& source) {
  const JsonFields fields(document, source);
  if (auto schema = check_schema(fields); !schema) return {problem_of(schema.error())};
  auto notes = read_notes(fields);
  if (!notes) return {problem_of(notes.error())};
  Problems problems;
  Assessment assessment;
  for (const DocumentPart& part : document_parts()) {
    if (auto read = part.read(fields, *notes, assessment); !read) {
      problems.push_back(problem_of(read.error()));
    }
  }
  for (const char* key : {"micro", "runs"}) {
    if (document.contains(key)) check_statistics(document[key], fmt::format("/{}", key), problems);
  }
  for (const char* key : {"machine", "runs"}) {
    if (document.contains(key)) {
      check_nulls(document[key], fmt::format("/{}", key), *notes, problems);
    }
  }
  if (!problems.empty()) return problems;
  check_identity(assessment, problems);
  check_runs(assessment, problems);
  check_verdicts(assessment, problems);
  return problems;
}

}  // namespace assay
