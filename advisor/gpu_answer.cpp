#include "advisor/gpu_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/gpu_place.hpp"
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

GpuAnswer answer_of(const Question& question, const GpuPlace& gpu,
                    const std::optional<Calibration>& processor, const Fact<Bytes>& available,
                    const Policy& policy) {
  GpuAnswer answer;
  answer.name = gpu.name;
  answer.source = gpu.source;
  answer.shared_with_cpu = gpu.shared_with_cpu;
  answer.memory = gpu.memory;
  if (!gpu.calibration) {
    answer.why = "what a model would do on it is unknown: " + gpu.why_unknown;
    return answer;
  }
  // As much as may be filled at all, of either memory.
  const OffloadPlace place{.gpu_memory = share_of(answer.memory.value(), policy.memory_tight),
                           .shared_with_cpu = gpu.shared_with_cpu,
                           .system_memory = share_of(available, policy.memory_tight),
                           .gpu = *gpu.calibration,
                           .processor = processor};
  answer.offload = offload_on(question, place, gpu.shared_with_cpu);
  if (answer.offload && answer.offload->split == Split::whole) {
    const Prediction prediction = predict(question, place.gpu, answer.memory);
    answer.prefill_tokens_per_second = prediction.prefill_tokens_per_second;
    answer.time_to_first_token_seconds = prediction.time_to_first_token_seconds;
  }
  answer.why = why_of(answer, gpu.bandwidth_is_known);
  return answer;
}

}  // namespace

std::vector<GpuAnswer> gpu_answers(const Question& question, const MachineProfile& machine,
                                   const std::optional<Calibration>& processor,
                                   const Fact<Bytes>& available, const Policy& policy,
                                   const HardwareTable& table) {
  std::vector<GpuAnswer> answers;
  for (const GpuPlace& gpu : gpu_places(machine, available, table)) {
    GpuAnswer answer = answer_of(question, gpu, processor, available, policy);
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
