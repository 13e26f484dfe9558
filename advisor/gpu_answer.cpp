#include "advisor/gpu_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/gpu_memory.hpp"
#include "advisor/hardware_calibration.hpp"
#include "advisor/verdict_json.hpp"
#include "advisor/words/phrases.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

Bytes share_of(Bytes memory, double share) {
  return Bytes(static_cast<std::uint64_t>(static_cast<double>(memory.value) * share));
}

Fact<Bytes> share_of(const Fact<Bytes>& memory, double share) {
  return memory.is_known() ? Fact<Bytes>::known(share_of(memory.value(), share), memory.source())
                           : memory;
}

/// The table has the fastest memory that a GPU without its own is sold with; a machine may have
/// less of it.
GraphicsCard as_built_in(const GraphicsCard& card, const MachineProfile& machine) {
  GraphicsCard built_in = card;
  const auto rated = plausible_bandwidth(machine.memory.theoretical_bandwidth_bytes_per_second);
  if (card.shared_with_cpu && rated) {
    built_in.bandwidth_bytes_per_second = std::min(card.bandwidth_bytes_per_second, *rated);
  }
  return built_in;
}

std::string shown_name(const GpuProfile& gpu) {
  if (gpu.name.is_known()) return printable(gpu.name.value(), 60);
  const std::string vendor = printable(gpu.vendor, 20);
  return gpu.device_id == 0
             ? vendor + " GPU"
             : fmt::format("{} GPU {:04x}:{:04x}", vendor, gpu.vendor_id, gpu.device_id);
}

/// As the table has it, else as its driver describes it.
Result<GraphicsCard> card_of(const HardwareTable& table, const GpuProfile& gpu) {
  auto found = find_gpu(table, gpu);
  if (found) return found;
  const auto bandwidth = plausible_bandwidth(gpu.theoretical_bandwidth_bytes_per_second);
  if (!bandwidth || !gpu.memory_kind.is_known()) return found;
  GraphicsCard card;
  card.name = shown_name(gpu);
  card.bandwidth_bytes_per_second = *bandwidth;
  card.shared_with_cpu = gpu.memory_kind.value() != DeviceMemoryKind::dedicated;
  card.source = gpu.theoretical_bandwidth_bytes_per_second.source();
  return card;
}

std::string rate_of(const Offload& offload) {
  const Estimate& decode = offload.decode_tokens_per_second;
  return decode.is_known() ? fmt::format("about {} tokens/s", rate_words(decode.expected))
                           : std::string("at a rate that is not known, as the processor's is not");
}

/// "its memory (3.9 of 8.2 GB)"
std::string filled_words(const GpuAnswer& answer) {
  return fmt::format(
      "{} ({} of {})",
      answer.shared_with_cpu ? "the machine's memory, which it shares" : "its memory",
      human_bytes(answer.offload->gpu_bytes), human_bytes(answer.memory.value()));
}

std::string why_of(const GpuAnswer& answer, bool bandwidth_is_known) {
  if (!answer.offload) {
    const std::string memory = human_bytes(answer.memory.value());
    return answer.shared_with_cpu
               ? fmt::format("it does not fit the {} of the machine's memory that it may use",
                             memory)
               : fmt::format(
                     "no layer fits the {} that it may use, or the rest does not fit the "
                     "machine's memory",
                     memory);
  }
  const Offload& offload = *answer.offload;
  const std::string filled = filled_words(answer);
  switch (offload.split) {
    case Split::whole:
      return fmt::format("whole in {}: {}{}", filled, rate_of(offload),
                         bandwidth_is_known ? "" : " with the fastest memory that it is sold with");
    case Split::layers:
      return fmt::format("{} of {} layers fit {}, the processor runs the rest: {}",
                         offload.gpu_layers, offload.layers, filled, rate_of(offload));
    case Split::experts:
      break;
  }
  return fmt::format("all but the experts of {} of {} layers fit {}: {}", offload.expert_layers,
                     offload.layers, filled, rate_of(offload));
}

/// Without memory of its own there is nothing to gain from a part: what is left is read from the
/// same memory.
std::optional<Offload> offload_on(const Question& question, const OffloadPlace& place,
                                  bool shared_with_cpu) {
  auto found = best_offload(question, place);
  if (found && shared_with_cpu && found->split != Split::whole) return std::nullopt;
  return found;
}

GpuAnswer answer_of(const Question& question, const GpuProfile& gpu, const MachineProfile& machine,
                    const std::optional<Calibration>& processor, const Fact<Bytes>& available,
                    const Policy& policy, const HardwareTable& table) {
  GpuAnswer answer;
  answer.name = shown_name(gpu);
  const auto found = card_of(table, gpu);
  if (!found) {
    answer.memory = gpu.usable_memory;
    answer.why = "what a model would do on it is unknown: " + found.error().message;
    return answer;
  }
  const GraphicsCard card = as_built_in(*found, machine);
  answer.name = card.name;
  answer.source = card.source;
  answer.shared_with_cpu = card.shared_with_cpu;
  answer.memory = memory_for_model(card, gpu, machine.memory.total, available);
  if (!answer.memory.is_known()) {
    answer.why = "what a model would do on it is unknown: " + answer.memory.reason();
    return answer;
  }
  auto calibration = calibration_of_hardware({.gpu = &card});
  if (!calibration) {
    answer.why = calibration.error().message;
    return answer;
  }
  // As much as may be filled at all, of either memory.
  const OffloadPlace place{.gpu_memory = share_of(answer.memory.value(), policy.memory_tight),
                           .system_memory = share_of(available, policy.memory_tight),
                           .gpu = std::move(*calibration),
                           .processor = processor};
  answer.offload = offload_on(question, place, card.shared_with_cpu);
  if (answer.offload && answer.offload->split == Split::whole) {
    const Prediction prediction = predict(question, place.gpu, answer.memory);
    answer.prefill_tokens_per_second = prediction.prefill_tokens_per_second;
    answer.time_to_first_token_seconds = prediction.time_to_first_token_seconds;
  }
  answer.why = why_of(
      answer, !card.shared_with_cpu ||
                  plausible_bandwidth(machine.memory.theoretical_bandwidth_bytes_per_second));
  return answer;
}

bool computes(const GpuProfile& gpu) {
  return !gpu.software && !(gpu.name.is_known() && gpu.name.value() == k_display_adapter_name);
}

}  // namespace

std::vector<GpuAnswer> gpu_answers(const Question& question, const MachineProfile& machine,
                                   const std::optional<Calibration>& processor,
                                   const Fact<Bytes>& available, const Policy& policy,
                                   const HardwareTable& table) {
  std::vector<GpuAnswer> answers;
  for (const GpuProfile& gpu : machine.gpus) {
    if (!computes(gpu)) continue;
    GpuAnswer answer = answer_of(question, gpu, machine, processor, available, policy, table);
    const auto alike = std::ranges::find_if(answers, [&](const GpuAnswer& known) {
      return known.name == answer.name && known.why == answer.why;
    });
    if (alike == answers.end()) {
      answers.push_back(std::move(answer));
    } else {
      ++alike->count;
    }
  }
  return answers;
}

Json gpu_answer_to_json(const GpuAnswer& answer) {
  Json json;
  json["name"] = answer.name;
  json["count"] = answer.count;
  json["shared_with_cpu"] = answer.shared_with_cpu;
  json["usable_memory_bytes"] =
      answer.memory.is_known() ? Json(answer.memory.value().value) : Json(nullptr);
  json["usable_memory_source"] =
      answer.memory.is_known() ? answer.memory.source() : answer.memory.reason();
  json["why"] = answer.why;
  json["bandwidth_source"] = answer.source.empty() ? Json(nullptr) : Json(answer.source);
  json["placement"] = answer.offload ? Json(split_name(answer.offload->split)) : Json(nullptr);
  const Offload none;
  const Offload& offload = answer.offload ? *answer.offload : none;
  json["gpu_layers"] = offload.gpu_layers;
  json["layers"] = offload.layers;
  json["expert_layers_in_memory"] = offload.expert_layers;
  json["gpu_bytes"] = offload.gpu_bytes.value;
  json["system_bytes"] = offload.system_bytes.value;
  json["llama_cpp_options"] = offload.option.empty() ? Json(nullptr) : Json(offload.option);
  json["decode_tokens_per_second"] = estimate_to_json(offload.decode_tokens_per_second);
  json["prefill_tokens_per_second"] = estimate_to_json(answer.prefill_tokens_per_second);
  json["time_to_first_token_seconds"] = estimate_to_json(answer.time_to_first_token_seconds);
  return json;
}

}  // namespace assay
