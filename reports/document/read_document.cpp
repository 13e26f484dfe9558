#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <utility>

#include "advisor/verdict_json.hpp"
#include "base/text.hpp"
#include "probes/machine_profile_json.hpp"
#include "reports/document/parts.hpp"
#include "workloads/micro_json.hpp"
#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_schema_family = "assay.result/";
constexpr unsigned k_schema_major = 1;

/// Moves a part that was read into its place, or passes its error on.
template <typename T, typename Place>
Result<void> take(Result<T> part, Place& place) {
  if (!part) return pass_on(part);
  place = std::move(*part);
  return {};
}

Result<std::map<std::string, std::string>> read_text_map(const JsonFields& document,
                                                         std::string_view key) {
  std::map<std::string, std::string> texts;
  if (!document.has(key)) return texts;
  auto object = document.object(key);
  if (!object) return pass_on(object);
  for (const auto& [place, value] : object->json().items()) {
    if (!value.is_string()) return object->refuse(place, "is not a text (expected a string)");
    texts.emplace(place, value.get<std::string>());
  }
  return texts;
}

Result<void> read_identity(const JsonFields& document, const DocumentNotes&, Assessment& into) {
  auto run_id = document.text("run_id");
  if (!run_id) return pass_on(run_id);
  auto started_at = document.text("started_at");
  if (!started_at) return pass_on(started_at);
  auto command = document.optional_text("command");
  if (!command) return pass_on(command);
  auto partial = document.optional_flag("partial");
  if (!partial) return pass_on(partial);
  auto failed = document.optional_flag("failed");
  if (!failed) return pass_on(failed);
  into.run_id = std::move(*run_id);
  into.started_at = std::move(*started_at);
  into.command = command->value_or("");
  into.partial = partial->value_or(false);
  into.failed = failed->value_or(false);
  return {};
}

Result<void> read_tool(const JsonFields& document, const DocumentNotes&, Assessment& into) {
  auto tool = document.object("tool");
  if (!tool) return pass_on(tool);
  const std::pair<std::string_view, std::string*> fields[] = {{"version", &into.tool.version},
                                                              {"revision", &into.tool.revision},
                                                              {"build_type", &into.tool.build_type},
                                                              {"compiler", &into.tool.compiler}};
  for (const auto& [key, place] : fields) {
    auto text = tool->optional_text(key);
    if (!text) return pass_on(text);
    *place = text->value_or("");
  }
  return {};
}

Result<void> read_machine(const JsonFields& document, const DocumentNotes& notes,
                          Assessment& into) {
  if (!document.has("machine")) return {};
  auto machine = document.object("machine");
  if (!machine) return pass_on(machine);
  return take(profile_from_json(*machine, "/machine", notes), into.machine);
}

Result<void> read_environment(const JsonFields& document, const DocumentNotes& notes,
                              Assessment& into) {
  if (!document.has("environment")) return {};
  auto fields = document.object("environment");
  if (!fields) return pass_on(fields);
  auto suite = fields->optional_text("suite");
  if (!suite) return pass_on(suite);
  auto threads = fields->optional_count("threads");
  if (!threads) return pass_on(threads);
  if (threads->value_or(0) > std::numeric_limits<std::uint32_t>::max()) {
    return fields->refuse("threads", "is too large");
  }
  auto load = fields->optional_number("load_average_1m");
  if (!load) return pass_on(load);
  auto duration = fields->optional_number("duration_seconds");
  if (!duration) return pass_on(duration);
  into.environment.suite = suite->value_or("");
  into.environment.threads = static_cast<std::uint32_t>(threads->value_or(0));
  into.environment.load_average_1m = fact_from(*load, "/environment/load_average_1m", notes);
  into.environment.duration_seconds = fact_from(*duration, "/environment/duration_seconds", notes);
  return {};
}

Result<void> read_micro(const JsonFields& document, const DocumentNotes& notes, Assessment& into) {
  if (!document.has("micro")) return {};
  auto micro = document.object("micro");
  if (!micro) return pass_on(micro);
  return take(micro_from_json(*micro, "/micro", notes), into.micro);
}

/// Reads every object of an array with `read`; an array that is not there is an empty one.
template <typename T, typename Read>
Result<void> read_array(const JsonFields& document, std::string_view key, std::vector<T>& into,
                        Read read) {
  if (!document.has(key)) return {};
  auto objects = document.objects(key);
  if (!objects) return pass_on(objects);
  for (const JsonFields& object : *objects) {
    Result<T> item = read(object);
    if (!item) return pass_on(item);
    into.push_back(std::move(*item));
  }
  return {};
}

Result<void> read_runs(const JsonFields& document, const DocumentNotes& notes, Assessment& into) {
  return read_array(document, "runs", into.runs, [&](const JsonFields& run) {
    return run_from_json(run, run.pointer(), notes);
  });
}

Result<void> read_skipped(const JsonFields& document, const DocumentNotes&, Assessment& into) {
  if (!document.has("skipped")) return {};
  return take(document.texts("skipped"), into.skipped);
}

Result<void> read_verdicts(const JsonFields& document, const DocumentNotes& notes,
                           Assessment& into) {
  return read_array(
      document, "verdicts", into.verdicts, [&](const JsonFields& fields) -> Result<Verdict> {
        auto verdict = verdict_from_json(fields);
        if (!verdict) return verdict;
        Fact<Bytes>& available = verdict->prediction.available;
        available =
            fact_from(available.optional(), fields.pointer() + "/memory/available_bytes", notes);
        return verdict;
      });
}

Result<void> read_recommendation(const JsonFields& document, const DocumentNotes&,
                                 Assessment& into) {
  if (!document.has("recommendation")) return {};
  auto recommendation = document.object("recommendation");
  if (!recommendation) return pass_on(recommendation);
  return take(recommendation_from_json(*recommendation), into.recommendation);
}

Result<void> read_gpu_recommendations(const JsonFields& document, const DocumentNotes&,
                                      Assessment& into) {
  return read_array(document, "gpu_recommendations", into.gpu_recommendations,
                    gpu_recommendation_from_json);
}

Result<void> read_checks(const JsonFields& document, const DocumentNotes&, Assessment& into) {
  std::vector<std::optional<Check>> checks;
  if (auto read = read_array(document, "checks", checks, check_from_json); !read) return read;
  for (auto& check : checks) {
    if (check) into.checks.push_back(std::move(*check));
  }
  return {};
}

}  // namespace

Result<void> check_schema(const JsonFields& document) {
  if (!document.json().is_object()) {
    return document.refuse("", "is not an object (expected a result document)");
  }
  auto schema = document.text("schema");
  if (!schema) return pass_on(schema);
  std::string_view version = *schema;
  const std::string expected = fmt::format("(expected \"{}\")", k_result_schema);
  unsigned major = 0;
  if (version.starts_with(k_schema_family)) {
    version.remove_prefix(k_schema_family.size());
    const auto [end, problem] =
        std::from_chars(version.data(), version.data() + version.size(), major);
    const bool whole = end == version.data() + version.size() || *end == '.';
    if (problem != std::errc{} || !whole) major = 0;
  }
  if (major == k_schema_major) return {};
  if (major > k_schema_major) {
    return document.refuse("schema", fmt::format("\"{}\" is newer than this program can read {}",
                                                 printable(*schema, 60), expected));
  }
  return document.refuse("schema",
                         fmt::format("\"{}\" found {}", printable(*schema, 60), expected));
}

Result<DocumentNotes> read_notes(const JsonFields& document) {
  DocumentNotes notes;
  if (auto read = take(read_text_map(document, "sources"), notes.sources); !read) {
    return pass_on(read);
  }
  if (auto read = take(read_text_map(document, "reasons"), notes.reasons); !read) {
    return pass_on(read);
  }
  return notes;
}

std::span<const DocumentPart> document_parts() {
  static constexpr std::array<DocumentPart, 11> k_parts{
      {{"run_id", read_identity},
       {"tool", read_tool},
       {"machine", read_machine},
       {"environment", read_environment},
       {"micro", read_micro},
       {"runs", read_runs},
       {"skipped", read_skipped},
       {"verdicts", read_verdicts},
       {"recommendation", read_recommendation},
       {"gpu_recommendations", read_gpu_recommendations},
       {"checks", read_checks}}};
  return k_parts;
}

Result<Assessment> read_document(const Json& document, const std::string& source) {
  const JsonFields fields(document, source);
  if (auto schema = check_schema(fields); !schema) return pass_on(schema);
  auto notes = read_notes(fields);
  if (!notes) return pass_on(notes);
  Assessment assessment;
  for (const DocumentPart& part : document_parts()) {
    if (auto read = part.read(fields, *notes, assessment); !read) return pass_on(read);
  }
  return assessment;
}

Result<Assessment> parse_document(std::string_view text, const std::string& source) {
  auto json = parse_json(text, source);
  if (!json) return pass_on(json);
  return read_document(*json, source);
}

Result<Assessment> read_document_file(const std::filesystem::path& path) {
  auto json = read_json_file(path, k_most_document_bytes);
  if (!json) return pass_on(json);
  return read_document(*json, path.string());
}

}  // namespace assay
