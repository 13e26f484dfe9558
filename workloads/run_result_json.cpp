#include "workloads/run_result_json.hpp"

#include <fmt/format.h>

#include <utility>

#include "workloads/quality_json.hpp"

namespace assay {
namespace {

Json optional_statistic(const std::optional<Statistic>& statistic) {
  return statistic ? statistic_to_json(*statistic) : Json(nullptr);
}

Result<std::optional<Statistic>> optional_statistic_from(const JsonFields& fields,
                                                         std::string_view key) {
  if (!fields.has(key)) return std::optional<Statistic>();
  auto object = fields.object(key);
  if (!object) return pass_on(object);
  auto statistic = statistic_from_json(*object);
  if (!statistic) return pass_on(statistic);
  return std::optional<Statistic>(std::move(*statistic));
}

Json model_to_json(const RunModel& model) {
  Json json;
  json["id"] = model.id;
  json["source"] = model.source;
  json["architecture"] = model.architecture;
  json["parameters"] = model.parameters;
  json["active_parameters"] = model.active_parameters;
  json["format"] = model.format;
  json["weight_bytes"] = model.weight_bytes.value;
  json["is_slice"] = model.is_slice;
  json["layers"] = model.layers;
  json["full_layers"] = model.full_layers;
  return json;
}

/// Reads fields one after another into places and keeps the first refusal.
class FieldReader {
 public:
  explicit FieldReader(const JsonFields& fields) : fields_(fields) {}

  void text(std::string_view key, std::string& into) { keep(fields_.text(key), into); }
  void number(std::string_view key, double& into) { keep(fields_.number(key), into); }
  void flag(std::string_view key, bool& into) { keep(fields_.flag(key), into); }
  template <typename Integer>
  void count(std::string_view key, Integer& into) {
    auto value = fields_.count(key);
    if (value && *value > std::uint64_t{static_cast<Integer>(-1)}) {
      refuse(fields_.refuse(key, fmt::format("{} is too large", *value)).value());
    } else {
      keep(value, into);
    }
  }
  void bytes(std::string_view key, Bytes& into) { count(key, into.value); }
  void refuse(Error error) {
    if (!error_) error_ = std::move(error);
  }
  template <typename T, typename U>
  void keep(Result<T> value, U& into) {
    if (value) {
      into = static_cast<U>(std::move(*value));
    } else {
      refuse(std::move(value.error()));
    }
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const JsonFields& fields_;
  std::optional<Error> error_;
};

template <typename T, typename Read>
Result<T> read_object(const JsonFields& parent, std::string_view key, Read read) {
  auto fields = parent.object(key);
  if (!fields) return pass_on(fields);
  T value;
  FieldReader reader(*fields);
  read(reader, *fields, value);
  if (reader.error()) return tl::unexpected<Error>(*reader.error());
  return value;
}

Result<RunModel> model_from(const JsonFields& run) {
  return read_object<RunModel>(run, "model",
                               [](FieldReader& reader, const JsonFields& fields, RunModel& model) {
                                 reader.text("id", model.id);
                                 reader.text("source", model.source);
                                 reader.text("architecture", model.architecture);
                                 reader.count("parameters", model.parameters);
                                 reader.count("active_parameters", model.active_parameters);
                                 reader.text("format", model.format);
                                 reader.bytes("weight_bytes", model.weight_bytes);
                                 if (fields.has("is_slice"))
                                   reader.flag("is_slice", model.is_slice);
                                 if (fields.has("layers")) reader.count("layers", model.layers);
                                 if (fields.has("full_layers"))
                                   reader.count("full_layers", model.full_layers);
                               });
}

Result<RunEngine> engine_from(const JsonFields& run) {
  return read_object<RunEngine>(
      run, "engine", [](FieldReader& reader, const JsonFields& fields, RunEngine& engine) {
        reader.text("name", engine.name);
        reader.text("isa", engine.isa);
        reader.count("threads", engine.threads);
        if (!reader.error() && engine.threads == 0) {
          reader.refuse(fields.refuse("threads", "0 (expected 1 or more)").value());
        }
        reader.text("numerics", engine.numerics);
      });
}

Result<std::optional<LatencyPercentiles>> latency_from(const JsonFields& run) {
  constexpr std::string_view k_key = "inter_token_latency_seconds";
  if (!run.has(k_key)) return std::optional<LatencyPercentiles>();
  auto read = read_object<LatencyPercentiles>(
      run, k_key, [](FieldReader& reader, const JsonFields&, LatencyPercentiles& latency) {
        reader.number("p50", latency.p50);
        reader.number("p90", latency.p90);
        reader.number("p95", latency.p95);
        reader.number("p99", latency.p99);
      });
  if (!read) return pass_on(read);
  return std::optional<LatencyPercentiles>(*read);
}

Result<std::optional<Verification>> verification_from(const JsonFields& run) {
  if (!run.has("verification")) return std::optional<Verification>();
  auto read = read_object<Verification>(
      run, "verification", [](FieldReader& reader, const JsonFields& fields, Verification& check) {
        reader.flag("passed", check.passed);
        auto nmse = fields.optional_number("logit_nmse");
        if (!nmse) return reader.refuse(nmse.error());
        check.logit_nmse = *nmse;
        if (fields.has("kernels_checked")) reader.count("kernels_checked", check.kernels_checked);
        if (fields.has("reason")) reader.text("reason", check.reason);
      });
  if (!read) return pass_on(read);
  return std::optional<Verification>(std::move(*read));
}

Result<std::optional<Quality>> quality_from(const JsonFields& run) {
  if (!run.has("quality")) return std::optional<Quality>();
  auto fields = run.object("quality");
  if (!fields) return pass_on(fields);
  auto quality = quality_from_json(*fields);
  if (!quality) return pass_on(quality);
  return std::optional<Quality>(std::move(*quality));
}

/// The facts of a run stand in sub-objects: {object, key, fact}.
struct FactPlace {
  std::string_view object;
  std::string_view key;
  Fact<double> RunResult::* fact;
};
constexpr FactPlace k_fact_places[] = {
    {"prefill", "compute_utilization_ratio", &RunResult::prefill_compute_utilization_ratio},
    {"decode", "bandwidth_utilization_ratio", &RunResult::decode_bandwidth_utilization_ratio},
    {"load", "cold_seconds", &RunResult::load_cold_seconds},
    {"load", "warm_seconds", &RunResult::load_warm_seconds},
};

Json verification_to_json(const RunResult& run, const std::string& pointer, DocumentNotes& notes) {
  if (!run.verification) {
    notes.reasons[pointer + "/verification"] = run.verification_absent_reason;
    return nullptr;
  }
  Json json;
  json["passed"] = run.verification->passed;
  json["logit_nmse"] = nullptr;
  if (run.verification->logit_nmse) {
    json["logit_nmse"] = *run.verification->logit_nmse;
  } else {
    notes.reasons[pointer + "/verification/logit_nmse"] = "the check ended before it";
  }
  json["kernels_checked"] = run.verification->kernels_checked;
  json["reason"] = run.verification->reason;
  return json;
}

void put_energy(Json& json, const RunResult& run, const std::string& pointer,
                DocumentNotes& notes) {
  const Fact<double>& joules = run.decode_joules_per_token;
  json["energy"] = nullptr;
  if (joules.is_known()) {
    json["energy"] = {{"joules_per_token", joules.value()}, {"method", joules.source()}};
  } else {
    notes.reasons[pointer + "/energy"] =
        joules.reason().empty() ? "no energy counter is read" : joules.reason();
  }
}

Result<Fact<double>> energy_from(const JsonFields& fields, const std::string& pointer,
                                 const DocumentNotes& notes) {
  if (!fields.has("energy")) return fact_from<double>(std::nullopt, pointer + "/energy", notes);
  const auto energy = fields.object("energy");
  if (!energy) return pass_on(energy);
  const auto joules = energy->number("joules_per_token");
  if (!joules) return pass_on(joules);
  auto method = energy->text("method");
  if (!method) return pass_on(method);
  return Fact<double>::known(*joules, std::move(*method));
}

/// A part of the contract that no run has yet.
void put_unmeasured(Json& json, const std::string& pointer, DocumentNotes& notes) {
  json["sustained"] = nullptr;
  notes.reasons[pointer + "/sustained"] = "this workload is not a sustained one";
}

void note_missing(const Json& json, const std::string& place, const std::string& reason,
                  DocumentNotes& notes) {
  if (json.is_null()) notes.reasons[place] = reason;
}

}  // namespace

Json statistic_to_json(const Statistic& statistic) {
  Json json;
  json["median"] = statistic.median;
  json["mad"] = statistic.mad;
  json["ci95"] = nullptr;
  if (statistic.ci95) json["ci95"] = Json::array({statistic.ci95->low, statistic.ci95->high});
  json["min"] = statistic.minimum;
  json["max"] = statistic.maximum;
  json["n"] = statistic.samples.size();
  json["samples"] = statistic.samples;
  return json;
}

Result<Statistic> statistic_from_json(const JsonFields& fields) {
  auto samples = fields.numbers("samples");
  if (!samples) return pass_on(samples);
  if (samples->empty()) return fields.refuse("samples", "empty (expected at least one number)");
  return describe(std::move(*samples));
}

Json run_to_json(const RunResult& run, const std::string& pointer, DocumentNotes& notes) {
  Json json;
  json["workload"] = run.workload;
  json["model"] = model_to_json(run.model);
  json["engine"] = {{"name", run.engine.name},
                    {"isa", run.engine.isa},
                    {"threads", run.engine.threads},
                    {"numerics", run.engine.numerics}};
  json["prompt_tokens"] = run.prompt_tokens;
  json["generated_tokens"] = run.generated_tokens;
  json["context_depth"] = run.context_depth;
  json["cache_type"] = run.cache_type;
  const std::string absent =
      run.validity == Validity::invalid ? "the run is not valid" : "not part of this workload";
  json["prefill"]["tokens_per_second"] = optional_statistic(run.prefill_tokens_per_second);
  json["prefill"]["flops_per_token"] = run.prefill_flops_per_token;
  json["prefill"]["compute_peak"] = run.prefill_peak;
  json["decode"]["tokens_per_second"] = optional_statistic(run.decode_tokens_per_second);
  json["decode"]["bytes_per_token"] = run.decode_bytes_per_token;
  json["decode"]["head_bytes_per_token"] = run.head_bytes_per_token;
  json["time_to_first_token_seconds"] = optional_statistic(run.time_to_first_token_seconds);
  json["inter_token_latency_seconds"] = nullptr;
  if (const auto& latency = run.inter_token_latency_seconds) {
    json["inter_token_latency_seconds"] = {
        {"p50", latency->p50}, {"p90", latency->p90}, {"p95", latency->p95}, {"p99", latency->p99}};
  }
  json["token_trace"] = run.token_trace_seconds;
  json["load"] = Json::object();
  json["memory"]["predicted_peak_bytes"] = run.predicted_peak.value;
  for (const FactPlace& place : k_fact_places) {
    const std::string object(place.object);
    put_fact(json[object], pointer + "/" + object, std::string(place.key), run.*place.fact, notes);
  }
  put_fact(json["memory"], pointer + "/memory", "measured_peak_bytes", run.measured_peak, notes,
           [](Bytes bytes) { return bytes.value; });
  note_missing(json["prefill"]["tokens_per_second"], pointer + "/prefill/tokens_per_second", absent,
               notes);
  note_missing(json["decode"]["tokens_per_second"], pointer + "/decode/tokens_per_second", absent,
               notes);
  for (const char* key : {"time_to_first_token_seconds", "inter_token_latency_seconds"}) {
    note_missing(json[key], pointer + "/" + key, absent, notes);
  }
  put_energy(json, run, pointer, notes);
  put_unmeasured(json, pointer, notes);
  json["quality"] = run.quality ? quality_to_json(*run.quality) : Json(nullptr);
  note_missing(json["quality"], pointer + "/quality", "the weights' quality is not measured",
               notes);
  json["verification"] = verification_to_json(run, pointer, notes);
  json["validity"] = validity_name(run.validity);
  json["reasons"] = run.reasons;
  json["wall_seconds"] = run.wall_seconds;
  return json;
}

namespace {

/// The statistics and numbers in `prefill`, `decode`, `memory` and `load`.
Result<void> read_figures(const JsonFields& fields, const std::string& pointer,
                          const DocumentNotes& notes, RunResult& run) {
  auto prefill = fields.object("prefill");
  if (!prefill) return pass_on(prefill);
  auto decode = fields.object("decode");
  if (!decode) return pass_on(decode);
  auto memory = fields.object("memory");
  if (!memory) return pass_on(memory);
  FieldReader reader(*decode);
  reader.keep(optional_statistic_from(*prefill, "tokens_per_second"),
              run.prefill_tokens_per_second);
  reader.keep(optional_statistic_from(*decode, "tokens_per_second"), run.decode_tokens_per_second);
  reader.keep(optional_statistic_from(fields, "time_to_first_token_seconds"),
              run.time_to_first_token_seconds);
  reader.number("bytes_per_token", run.decode_bytes_per_token);
  if (decode->has("head_bytes_per_token"))
    reader.number("head_bytes_per_token", run.head_bytes_per_token);
  if (prefill->has("flops_per_token"))
    reader.keep(prefill->number("flops_per_token"), run.prefill_flops_per_token);
  if (prefill->has("compute_peak")) reader.keep(prefill->text("compute_peak"), run.prefill_peak);
  std::uint64_t predicted = 0;
  reader.keep(memory->count("predicted_peak_bytes"), predicted);
  run.predicted_peak = Bytes(predicted);
  std::optional<std::uint64_t> measured;
  reader.keep(memory->optional_count("measured_peak_bytes"), measured);
  run.measured_peak = fact_from<Bytes>(measured ? std::optional(Bytes(*measured)) : std::nullopt,
                                       pointer + "/memory/measured_peak_bytes", notes);
  for (const FactPlace& place : k_fact_places) {
    std::optional<double> value;
    if (fields.has(place.object)) {
      auto object = fields.object(place.object);
      if (!object) return pass_on(object);
      reader.keep(object->optional_number(place.key), value);
    }
    run.*place.fact =
        fact_from<double>(value, fmt::format("{}/{}/{}", pointer, place.object, place.key), notes);
  }
  reader.keep(energy_from(fields, pointer, notes), run.decode_joules_per_token);
  if (reader.error()) return tl::unexpected<Error>(*reader.error());
  return {};
}

}  // namespace

Result<RunResult> run_from_json(const JsonFields& fields, const std::string& pointer,
                                const DocumentNotes& notes) {
  RunResult run;
  FieldReader reader(fields);
  reader.text("workload", run.workload);
  reader.keep(model_from(fields), run.model);
  reader.keep(engine_from(fields), run.engine);
  reader.count("prompt_tokens", run.prompt_tokens);
  reader.count("generated_tokens", run.generated_tokens);
  reader.count("context_depth", run.context_depth);
  if (fields.has("cache_type")) reader.text("cache_type", run.cache_type);
  reader.keep(latency_from(fields), run.inter_token_latency_seconds);
  if (fields.has("token_trace"))
    reader.keep(fields.numbers("token_trace"), run.token_trace_seconds);
  reader.keep(quality_from(fields), run.quality);
  reader.keep(verification_from(fields), run.verification);
  if (!run.verification) {
    const auto reason = notes.reasons.find(pointer + "/verification");
    if (reason != notes.reasons.end()) run.verification_absent_reason = reason->second;
  }
  if (fields.has("reasons")) reader.keep(fields.texts("reasons"), run.reasons);
  if (fields.has("wall_seconds")) reader.number("wall_seconds", run.wall_seconds);
  std::string validity;
  reader.text("validity", validity);
  if (auto figures = read_figures(fields, pointer, notes, run); !figures) {
    reader.refuse(figures.error());
  }
  if (reader.error()) return tl::unexpected<Error>(*reader.error());
  // A validity that this version does not know is some kind of doubt.
  run.validity = validity_from_name(validity).value_or(Validity::unstable);
  if (!validity_from_name(validity)) run.reasons.push_back("validity \"" + validity + "\"");
  return run;
}

}  // namespace assay
