// What the adviser predicts of published speeds from descriptions alone: the program that
// bench/profile_accuracy.py compares them with.
//
//   profile_rows ROWS.json
//
// Prints, for each row of tests/fixtures/speeds/published.json, one JSON line: what a token reads,
// the layers it passes, the bandwidth of the table, the published rate and the prediction; of
// prefill.json, prefill_cpu.json and split.json what stands beside it there.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "advisor/calibration.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/hardware.hpp"
#include "advisor/hardware_calibration.hpp"
#include "advisor/offload.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

// Chats of a few hundred tokens, and tg128: what they see on average.
constexpr std::uint64_t k_depth = 128;

Result<Question> question_of(const CatalogueEntry& entry, const std::string& format) {
  const auto recipe = recipe_from_name(format);
  if (!recipe) return fail(ErrorCode::refused_input, "format is not known", format);
  auto plan = tensor_plan(entry.spec, *recipe);
  if (!plan) return pass_on(plan);
  Question question;
  question.model = entry.id;
  question.spec = entry.spec;
  question.plan = std::move(*plan);
  question.format = format;
  question.depth = k_depth;
  question.prompt_tokens = 0;
  return question;
}

Json to_json(const Estimate& estimate) {
  if (!estimate.is_known()) return nullptr;
  return {{"low", estimate.low}, {"expected", estimate.expected}, {"high", estimate.high}};
}

/// Of an Apple chip both the graphics and the cores have its name.
Result<NamedHardware> hardware_of(const HardwareTable& table, const std::string& device,
                                  const std::string& name) {
  NamedHardware found;
  const auto gpu = std::ranges::find(table.gpus, name, &GraphicsCard::name);
  if (device == "gpu" && gpu != table.gpus.end()) found.gpu = &*gpu;
  const auto processor = std::ranges::find(table.processors, name, &Processor::name);
  if (device == "cpu" && processor != table.processors.end()) found.processor = &*processor;
  if (found.gpu == nullptr && found.processor == nullptr) {
    return fail(ErrorCode::refused_input, "not in configs/hardware/", name);
  }
  return found;
}

/// What every row has: a model in a format, and the rate that was published.
struct Published {
  Question question;
  double measured = 0.0;
};

Result<Published> published(const JsonFields& row, const Catalogue& catalogue) {
  const auto model = row.text("model");
  const auto format = row.text("format");
  const auto measured = row.number("tokens_per_second");
  const auto tokens = row.optional_count("prompt_tokens");
  if (!model) return pass_on(model);
  if (!format) return pass_on(format);
  if (!measured) return pass_on(measured);
  if (!tokens) return pass_on(tokens);
  const CatalogueEntry* entry = catalogue.find(*model);
  if (entry == nullptr) return row.refuse("model", "not in the catalogue");
  auto question = question_of(*entry, *format);
  if (!question) return pass_on(question);
  question->prompt_tokens = tokens->value_or(0);
  return Published{std::move(*question), *measured};
}

/// The members that every line has.
Json line_of(const Published& row, const Estimate& predicted) {
  return {{"model", row.question.model},
          {"format", row.question.format},
          {"measured", row.measured},
          {"predicted", to_json(predicted)}};
}

/// What a row names under `key`, and what is predicted by.
struct Machine {
  std::string name;
  NamedHardware hardware;
  Calibration calibration;
};

Result<Machine> machine_of(const JsonFields& row, const char* key, const std::string& device,
                           const HardwareTable& table) {
  const auto name = row.text(key);
  if (!name) return pass_on(name);
  const auto hardware = hardware_of(table, device, *name);
  if (!hardware) return pass_on(hardware);
  auto calibration = calibration_of_hardware(*hardware);
  if (!calibration) return pass_on(calibration);
  return Machine{*name, *hardware, std::move(*calibration)};
}

Prediction predicted_by(const Question& question, const Calibration& calibration) {
  return predict(question, calibration, Fact<Bytes>::unknown("not asked"));
}

/// A row of prefill.json: what a prompt computes, and the time that is no product.
Result<Json> compared_prompt(const JsonFields& fields, const Catalogue& catalogue,
                             const HardwareTable& table) {
  const auto row = published(fields, catalogue);
  if (!row) return pass_on(row);
  auto machine = machine_of(fields, "machine", "gpu", table);
  if (!machine) return pass_on(machine);
  Calibration& calibration = machine->calibration;
  const auto rate = [&] {
    return predicted_by(row->question, calibration).prefill_tokens_per_second;
  };
  const Estimate predicted = rate();
  if (!predicted.is_known()) return fields.refuse("machine", "its arithmetic is not published");
  // All of the time is either products, which a machine twice as fast does in half of it, or not.
  const auto seconds = [&](double tokens_per_second) {
    return static_cast<double>(row->question.prompt_tokens) / tokens_per_second;
  };
  const GraphicsCard& card = *machine->hardware.gpu;
  const double share =
      calibration.attention_flops_per_second / card.fp32_flops_per_second.value_or(1.0);
  calibration.attention_flops_per_second *= 2.0;
  for (auto* rates : {&calibration.dense, &calibration.moe}) {
    for (FormatRate& one : *rates) one.prefill_flops_per_second *= 2.0;
  }
  const double whole = seconds(predicted.expected);
  const double products = 2.0 * (whole - seconds(rate().expected));
  Json line = line_of(*row, predicted);
  line["machine"] = machine->name;
  line["class"] = card.tensor_cores ? "tensor cores" : card.vendor;
  line["seconds"] = seconds(row->measured);
  line["seconds_at_peak"] = products * share;
  line["other_seconds"] = whole - products;
  return line;
}

/// A row of prefill_cpu.json.
Result<Json> compared_processor_prompt(const JsonFields& fields, const Catalogue& catalogue,
                                       const HardwareTable& table) {
  const auto row = published(fields, catalogue);
  if (!row) return pass_on(row);
  const auto engine = fields.text("engine");
  if (!engine) return pass_on(engine);
  const auto machine = machine_of(fields, "machine", "cpu", table);
  if (!machine) return pass_on(machine);
  const Estimate predicted =
      predicted_by(row->question, machine->calibration).prefill_tokens_per_second;
  if (!predicted.is_known()) return fields.refuse("machine", "its instructions are not known");
  Json line = line_of(*row, predicted);
  line["machine"] = machine->name;
  line["engine"] = *engine;
  return line;
}

/// A row of a model that was split between a GPU and a processor.
Result<Json> compared_split(const JsonFields& fields, const Catalogue& catalogue,
                            const HardwareTable& table) {
  const auto row = published(fields, catalogue);
  if (!row) return pass_on(row);
  const auto layers = fields.count("ngl");
  const auto experts = fields.count("n_cpu_moe");
  if (!layers) return pass_on(layers);
  if (!experts) return pass_on(experts);
  const auto card = machine_of(fields, "gpu", "gpu", table);
  if (!card) return pass_on(card);
  const auto chip = machine_of(fields, "processor", "cpu", table);
  if (!chip) return pass_on(chip);
  OffloadPlace place;
  place.gpu = card->calibration;
  place.processor = chip->calibration;
  const std::uint64_t count = row->question.spec.layers.size();
  const Offload offload =
      offload_of(row->question, place, std::min(*layers - 1, count), std::min(*experts, count));
  // What the processor reads takes half as long at twice the bandwidth.
  place.processor->read_bandwidth_bytes_per_second *= 2.0;
  const Offload faster =
      offload_of(row->question, place, offload.gpu_layers, offload.expert_layers);
  const auto seconds = [](const Offload& one) {
    return 1.0 / one.decode_tokens_per_second.expected;
  };
  Json line = line_of(*row, offload.decode_tokens_per_second);
  line["gpu"] = card->name;
  line["processor"] = chip->name;
  line["average_of_chats"] = fields.has("average_of_chats");
  line["seconds_read_by_processor"] = 2.0 * (seconds(offload) - seconds(faster));
  line["crossings"] = offload.crossings;
  line["seconds_per_crossing"] = k_crossing_seconds;
  line["option"] = offload.option;
  line["gpu_bytes"] = offload.gpu_bytes.value;
  line["expert_layers"] = offload.expert_layers;
  return line;
}

/// A row of published.json.
Result<Json> compared_decode(const JsonFields& fields, const Catalogue& catalogue,
                             const HardwareTable& table) {
  const auto row = published(fields, catalogue);
  if (!row) return pass_on(row);
  const auto device = fields.text("device");
  if (!device) return pass_on(device);
  const auto machine = machine_of(fields, "machine", *device, table);
  if (!machine) return pass_on(machine);
  const Prediction prediction = predicted_by(row->question, machine->calibration);
  const Footprint& footprint = prediction.footprint;
  const double cache = static_cast<double>(footprint.cache_read_per_position.value) * k_depth;
  Json line = line_of(*row, prediction.decode_tokens_per_second);
  line["machine"] = machine->name;
  line["device"] = *device;
  line["parameters"] = row->question.plan.parameters();
  line["active_parameters"] = row->question.plan.active_parameters();
  line["bytes"] = static_cast<double>(footprint.weights_per_token.value) + cache;
  line["layers"] = row->question.spec.layers.size();
  line["bandwidth"] = machine->calibration.read_bandwidth_bytes_per_second;
  return line;
}

Result<void> run(const char* path) {
  const auto json = read_json_file(path);
  if (!json) return pass_on(json);
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  const auto hardware = builtin_hardware();
  if (!hardware) return pass_on(hardware);
  const JsonFields fields(*json, path);
  const auto rows = fields.objects("rows");
  if (!rows) return pass_on(rows);
  for (const JsonFields& row : *rows) {
    const bool is_prompt = row.has("prompt_tokens");
    const auto compare = row.has("gpu")                   ? compared_split
                         : is_prompt && row.has("engine") ? compared_processor_prompt
                         : is_prompt                      ? compared_prompt
                                                          : compared_decode;
    const auto line = compare(row, *catalogue, *hardware);
    if (!line) return pass_on(line);
    fmt::print("{}\n", line->dump());
  }
  return {};
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: profile_rows ROWS.json\n");
    return 2;
  }
  const auto done = assay::run(arguments[1]);
  if (done) return 0;
  fmt::print(stderr, "profile_rows: {}\n", done.error().text());
  return 3;
}
