#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/host_view.hpp"
#include "workloads/bench.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/micro_json.hpp"
#include "workloads/run/child_error.hpp"
#include "workloads/run/child_process.hpp"
#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

// What a child says: {"error": ...} or {"value": ..., "sources": ..., "reasons": ...}.

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T, typename ToJson>
std::string answer_text(const Result<T>& result, ToJson to_json) {
  if (!result) return dump(error_to_json(result.error()));
  DocumentNotes notes;
  Json json;
  json["value"] = to_json(*result, "/value", notes);
  json["sources"] = notes.sources;
  json["reasons"] = notes.reasons;
  return dump(json);
}

std::map<std::string, std::string> read_notes(const JsonFields& root, std::string_view key) {
  std::map<std::string, std::string> notes;
  const auto fields = root.object(key);
  if (!fields) return notes;
  for (const auto& [place, text] : fields->json().items()) {
    if (text.is_string()) notes[place] = text.get<std::string>();
  }
  return notes;
}

template <typename T, typename FromJson>
Result<T> read_answer(const std::string& text, FromJson from_json) {
  const auto document = parse_json(text, "answer of a child process");
  if (!document) return fail(ErrorCode::internal, document.error().text());
  const JsonFields root(*document, "answer of a child process");
  if (root.has("error")) {
    auto error = root.object("error");
    return error ? tl::unexpected<Error>(error_from_json(*error)) : pass_on(error);
  }
  const DocumentNotes notes{read_notes(root, "sources"), read_notes(root, "reasons")};
  auto value = root.object("value");
  if (!value) return pass_on(value);
  return from_json(*value, "/value", notes);
}

Json runs_to_json(const std::vector<RunResult>& runs, const std::string& pointer,
                  DocumentNotes& notes) {
  Json json;
  json["runs"] = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    json["runs"].push_back(run_to_json(runs[i], fmt::format("{}/runs/{}", pointer, i), notes));
  }
  return json;
}

Result<std::vector<RunResult>> runs_from_json(const JsonFields& fields,
                                              const std::string& /*pointer*/,
                                              const DocumentNotes& notes) {
  const auto members = fields.objects("runs");
  if (!members) return pass_on(members);
  std::vector<RunResult> runs;
  for (const JsonFields& member : *members) {
    auto run = run_from_json(member, member.pointer(), notes);
    if (!run) return pass_on(run);
    runs.push_back(std::move(*run));
  }
  return runs;
}

/// The peak of this process, where no earlier run needed more than this one.
Fact<Bytes> peak_after(const RunResult& run, Bytes most_before) {
  if (run.predicted_peak < most_before) {
    return Fact<Bytes>::unknown("a run before it in the same process needed more");
  }
  const auto peak = peak_resident(HostView::live());
  return peak ? Fact<Bytes>::known(*peak, "VmHWM of a process for this model alone")
              : Fact<Bytes>::unknown("/proc/self/status does not tell");
}

std::string name_of(const BenchModel& model) {
  return model.spec ? model.spec->name + " " + std::string(recipe_name(model.recipe))
                    : model.gguf.string();
}

Result<MicroResults> micro_of(const KernelTable& kernels, ThreadPool& pool, double seconds,
                              Bytes memory_limit, MicroScope scope, const std::stop_token& stop) {
  auto micro = measure_micro(kernels, pool, seconds, memory_limit, stop);
  if (!micro || scope == MicroScope::limits) return micro;
  auto added = measure_for_calibration(*micro, kernels, pool, memory_limit, stop);
  if (!added) return pass_on(added);
  return micro;
}

}  // namespace

Result<RunResult> run_isolated(const BenchModel& model, const WorkloadSpec& workload,
                               const MeasureOptions& options, const KernelTable& kernels,
                               const MicroResults& micro, const std::stop_token& stop) {
  auto runs = run_isolated(model, std::span(&workload, 1), options, kernels, micro, stop);
  if (!runs) return pass_on(runs);
  return std::move(runs->front());
}

Result<std::vector<RunResult>> run_isolated(const BenchModel& model,
                                            std::span<const WorkloadSpec> workloads,
                                            const MeasureOptions& options,
                                            const KernelTable& kernels, const MicroResults& micro,
                                            const std::stop_token& stop) {
  auto text = run_in_child(
      name_of(model),
      [&](const std::stop_token& asked) {
        ThreadPool pool(options.threads);
        Bytes most;
        const auto take_peak = [&most](RunResult& run) {
          run.measured_peak = peak_after(run, most);
          most = std::max(most, run.predicted_peak);
        };
        return answer_text(
            run_workloads(model, workloads, options, kernels, pool, micro, asked, take_peak),
            runs_to_json);
      },
      stop);
  if (!text) return pass_on(text);
  return read_answer<std::vector<RunResult>>(*text, runs_from_json);
}

Result<MicroResults> measure_micro_isolated(const KernelTable& kernels, unsigned threads,
                                            double seconds, Bytes memory_limit,
                                            const std::stop_token& stop, MicroScope scope) {
  auto text = run_in_child(
      "micro-measurements",
      [&](const std::stop_token& asked) {
        ThreadPool pool(threads);
        return answer_text(micro_of(kernels, pool, seconds, memory_limit, scope, asked),
                           micro_to_json);
      },
      stop);
  if (!text) return pass_on(text);
  return read_answer<MicroResults>(*text, micro_from_json);
}

}  // namespace assay
