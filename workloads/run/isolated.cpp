#include <utility>

#include "base/host_view.hpp"
#include "workloads/bench.hpp"
#include "workloads/measure/interference.hpp"
#include "workloads/run/child_process.hpp"
#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

// What a child says: {"error": ...} or {"value": ..., "sources": ..., "reasons": ...}.

Json error_to_json(const Error& error) {
  return {{"error",
           {{"code", static_cast<std::uint64_t>(error.code)},
            {"message", error.message},
            {"source", error.source},
            {"remedy", error.remedy}}}};
}

Error error_from_json(const JsonFields& fields) {
  Error error;
  error.code = static_cast<ErrorCode>(
      fields.count("code").value_or(static_cast<std::uint64_t>(ErrorCode::internal)));
  error.message = fields.text("message").value_or("a child process failed without saying why");
  error.source = fields.text("source").value_or("");
  error.remedy = fields.text("remedy").value_or("");
  return error;
}

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

std::string name_of(const BenchModel& model) {
  return model.spec ? model.spec->name + " " + std::string(recipe_name(model.recipe))
                    : model.gguf.string();
}

}  // namespace

Result<RunResult> run_isolated(const BenchModel& model, const WorkloadSpec& workload,
                               const MeasureOptions& options, const KernelTable& kernels,
                               const MicroResults& micro, const std::stop_token& stop) {
  auto text = run_in_child(
      name_of(model),
      [&](const std::stop_token& asked) {
        ThreadPool pool(options.threads);
        auto run = run_workload(model, workload, options, kernels, pool, micro, asked);
        if (run) {
          const auto peak = peak_resident(HostView::live());
          run->measured_peak =
              peak ? Fact<Bytes>::known(*peak, "VmHWM of a process for this run alone")
                   : Fact<Bytes>::unknown("/proc/self/status does not tell");
        }
        return answer_text(run, run_to_json);
      },
      stop);
  if (!text) return pass_on(text);
  return read_answer<RunResult>(*text, run_from_json);
}

Result<MicroResults> measure_micro_isolated(const KernelTable& kernels, unsigned threads,
                                            double seconds, Bytes memory_limit,
                                            const std::stop_token& stop) {
  auto text = run_in_child(
      "micro-measurements",
      [&](const std::stop_token& asked) {
        ThreadPool pool(threads);
        return answer_text(measure_micro(kernels, pool, seconds, memory_limit, asked),
                           micro_to_json);
      },
      stop);
  if (!text) return pass_on(text);
  return read_answer<MicroResults>(*text, micro_from_json);
}

}  // namespace assay
