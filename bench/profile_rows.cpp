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

/// A row of prefill.json: what a prompt computes, and the time that is no product.
Result<Json> compared_prompt(const JsonFields& row, const Catalogue& catalogue,
                             const HardwareTable& hardware) {
  const auto machine = row.text("machine");
  const auto model = row.text("model");
  const auto format = row.text("format");
  const auto tokens = row.count("prompt_tokens");
  const auto measured = row.number("tokens_per_second");
  if (!machine) return pass_on(machine);
  if (!model) return pass_on(model);
  if (!format) return pass_on(format);
  if (!tokens) return pass_on(tokens);
  if (!measured) return pass_on(measured);
  const CatalogueEntry* entry = catalogue.find(*model);
  if (entry == nullptr) return row.refuse("model", "not in the catalogue");
  const auto named = hardware_of(hardware, "gpu", *machine);
  if (!named) return pass_on(named);
  auto question = question_of(*entry, *format);
  if (!question) return pass_on(question);
  question->prompt_tokens = *tokens;
  auto calibration = calibration_of_hardware(*named);
  if (!calibration) return pass_on(calibration);
  const auto nothing = Fact<Bytes>::unknown("not asked");
  const Estimate predicted = predict(*question, *calibration, nothing).prefill_tokens_per_second;
  if (!predicted.is_known()) return row.refuse("machine", "its arithmetic is not published");
  // All of the time is either products, which a machine twice as fast does in half of it, or not.
  const auto seconds = [&](double tokens_per_second) {
    return static_cast<double>(*tokens) / tokens_per_second;
  };
  const double whole = seconds(predicted.expected);
  calibration->attention_flops_per_second *= 2.0;
  for (auto* rates : {&calibration->dense, &calibration->moe}) {
    for (FormatRate& rate : *rates) rate.prefill_flops_per_second *= 2.0;
  }
  const Estimate faster = predict(*question, *calibration, nothing).prefill_tokens_per_second;
  const double products = 2.0 * (whole - seconds(faster.expected));
  const double share = calibration->attention_flops_per_second / 2.0 /
                       named->gpu->fp32_flops_per_second.value_or(1.0);
  return Json{{"machine", *machine},
              {"class", named->gpu->tensor_cores ? "tensor cores" : named->gpu->vendor},
              {"model", *model},
              {"format", *format},
              {"seconds", seconds(*measured)},
              {"seconds_at_peak", products * share},
              {"other_seconds", whole - products},
              {"measured", *measured},
              {"predicted", to_json(predicted)}};
}

/// A row of prefill_cpu.json.
Result<Json> compared_processor_prompt(const JsonFields& row, const Catalogue& catalogue,
                                       const HardwareTable& hardware) {
  const auto machine = row.text("machine");
  const auto engine = row.text("engine");
  const auto model = row.text("model");
  const auto format = row.text("format");
  const auto tokens = row.count("prompt_tokens");
  const auto measured = row.number("tokens_per_second");
  if (!machine) return pass_on(machine);
  if (!engine) return pass_on(engine);
  if (!model) return pass_on(model);
  if (!format) return pass_on(format);
  if (!tokens) return pass_on(tokens);
  if (!measured) return pass_on(measured);
  const CatalogueEntry* entry = catalogue.find(*model);
  if (entry == nullptr) return row.refuse("model", "not in the catalogue");
  const auto named = hardware_of(hardware, "cpu", *machine);
  if (!named) return pass_on(named);
  auto question = question_of(*entry, *format);
  if (!question) return pass_on(question);
  question->prompt_tokens = *tokens;
  const auto calibration = calibration_of_hardware(*named);
  if (!calibration) return pass_on(calibration);
  const Estimate predicted =
      predict(*question, *calibration, Fact<Bytes>::unknown("not asked")).prefill_tokens_per_second;
  if (!predicted.is_known()) return row.refuse("machine", "its instructions are not known");
  return Json{{"machine", *machine}, {"engine", *engine},     {"model", *model},
              {"format", *format},   {"measured", *measured}, {"predicted", to_json(predicted)}};
}

/// A row of a model that was split between a GPU and a processor.
Result<Json> compared_split(const JsonFields& row, const Catalogue& catalogue,
                            const HardwareTable& hardware) {
  const auto gpu = row.text("gpu");
  const auto processor = row.text("processor");
  const auto model = row.text("model");
  const auto format = row.text("format");
  const auto measured = row.number("tokens_per_second");
  const auto layers = row.count("ngl");
  const auto experts = row.count("n_cpu_moe");
  if (!gpu) return pass_on(gpu);
  if (!processor) return pass_on(processor);
  if (!model) return pass_on(model);
  if (!format) return pass_on(format);
  if (!measured) return pass_on(measured);
  if (!layers) return pass_on(layers);
  if (!experts) return pass_on(experts);
  const CatalogueEntry* entry = catalogue.find(*model);
  if (entry == nullptr) return row.refuse("model", "not in the catalogue");
  const auto card = hardware_of(hardware, "gpu", *gpu);
  if (!card) return pass_on(card);
  const auto chip = hardware_of(hardware, "cpu", *processor);
  if (!chip) return pass_on(chip);
  const auto question = question_of(*entry, *format);
  if (!question) return pass_on(question);
  const auto on_card = calibration_of_hardware(*card);
  if (!on_card) return pass_on(on_card);
  const auto on_chip = calibration_of_hardware(*chip);
  if (!on_chip) return pass_on(on_chip);
  OffloadPlace place{.gpu_memory = {}, .system_memory = {}, .gpu = *on_card, .processor = *on_chip};
  const std::uint64_t count = question->spec.layers.size();
  const Offload offload =
      offload_of(*question, place, std::min(*layers - 1, count), std::min(*experts, count));
  // What the processor reads takes half as long at twice the bandwidth.
  place.processor->read_bandwidth_bytes_per_second *= 2.0;
  const Offload faster = offload_of(*question, place, offload.gpu_layers, offload.expert_layers);
  const auto seconds = [](const Offload& one) {
    return 1.0 / one.decode_tokens_per_second.expected;
  };
  return Json{{"gpu", *gpu},
              {"processor", *processor},
              {"average_of_chats", row.has("average_of_chats")},
              {"seconds_read_by_processor", 2.0 * (seconds(offload) - seconds(faster))},
              {"crossings", offload.crossings},
              {"seconds_per_crossing", k_crossing_seconds},
              {"model", *model},
              {"format", *format},
              {"option", offload.option},
              {"gpu_bytes", offload.gpu_bytes.value},
              {"expert_layers", offload.expert_layers},
              {"measured", *measured},
              {"predicted", to_json(offload.decode_tokens_per_second)}};
}

Result<Json> compared(const JsonFields& row, const Catalogue& catalogue,
                      const HardwareTable& hardware) {
  const auto device = row.text("device");
  if (!device) return pass_on(device);
  const auto machine = row.text("machine");
  const auto model = row.text("model");
  const auto format = row.text("format");
  const auto measured = row.number("tokens_per_second");
  if (!machine) return pass_on(machine);
  if (!model) return pass_on(model);
  if (!format) return pass_on(format);
  if (!measured) return pass_on(measured);
  const CatalogueEntry* entry = catalogue.find(*model);
  if (entry == nullptr) return row.refuse("model", "not in the catalogue");
  const auto named = hardware_of(hardware, *device, *machine);
  if (!named) return pass_on(named);
  const auto question = question_of(*entry, *format);
  if (!question) return pass_on(question);
  const auto calibration = calibration_of_hardware(*named);
  if (!calibration) return pass_on(calibration);
  const Prediction prediction = predict(*question, *calibration, Fact<Bytes>::unknown("not asked"));
  const Footprint& footprint = prediction.footprint;
  const double cache = static_cast<double>(footprint.cache_read_per_position.value) * k_depth;
  return Json{{"machine", *machine},
              {"device", *device},
              {"model", *model},
              {"format", *format},
              {"parameters", question->plan.parameters()},
              {"active_parameters", question->plan.active_parameters()},
              {"bytes", static_cast<double>(footprint.weights_per_token.value) + cache},
              {"layers", question->spec.layers.size()},
              {"bandwidth", calibration->read_bandwidth_bytes_per_second},
              {"measured", *measured},
              {"predicted", to_json(prediction.decode_tokens_per_second)}};
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
                                                          : compared;
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
