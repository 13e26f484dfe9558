#include "advisor/plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "advisor/calibration.hpp"
#include "advisor/cost/work.hpp"
#include "advisor/gpu_memory.hpp"
#include "advisor/hardware_calibration.hpp"
#include "advisor/system_memory.hpp"
#include "advisor/verdict_json.hpp"

namespace assay {
namespace {

// Sizes that machines are sold with, in binary gigabytes; a processor whose own sizes are not known
// is taken to have these up to the most that it takes.
constexpr std::array<std::uint64_t, 15> k_sold{4,   8,   16,  24,  32,  48,   64,  96,
                                               128, 192, 256, 384, 512, 1024, 2048};
// The widest memory that a processor reads: a server's twelve channels are below it.
constexpr double k_most_bandwidth = 2e12;
/// The least of the usual sizes; what is needed itself where none is enough.
Bytes installed_for(Bytes available) {
  for (const std::uint64_t size : k_sold) {
    if (memory_beside_system(gibibytes(size)) >= available) return gibibytes(size);
  }
  return available + k_system_memory;
}

/// The least that a processor is sold with, or takes; nothing where that is too little.
std::optional<Bytes> installed_with(const Processor& processor, Bytes available) {
  if (processor.memory_sizes.empty()) {
    const Bytes installed = installed_for(available);
    if (processor.most_memory && installed > *processor.most_memory) return std::nullopt;
    return installed;
  }
  const auto size = std::ranges::find_if(processor.memory_sizes, [&](Bytes installed) {
    return memory_beside_system(installed) >= available;
  });
  return size == processor.memory_sizes.end() ? std::nullopt : std::optional<Bytes>(*size);
}

/// The least size of a GPU that leaves a model so much.
std::optional<Bytes> size_with(const GraphicsCard& card, Bytes available) {
  const auto size = std::ranges::find_if(
      card.memory, [&](Bytes memory) { return sold_memory(card, memory).value() >= available; });
  return size == card.memory.end() ? std::nullopt : std::optional<Bytes>(*size);
}

double flops_of_prompt(const Question& question) {
  const Work work = prefill_work(question.spec, question.plan,
                                 {.tokens = static_cast<double>(question.prompt_tokens),
                                  .chunk = static_cast<double>(question.session.chunk)});
  double flops = work.attention_flops;
  for (const auto* part : {&work.dense, &work.experts}) {
    for (const auto& [format, amount] : *part) flops += amount;
  }
  return flops;
}

Estimate decode_at(const Question& question, const Calibration& calibration) {
  return predict_decode(question, calibration);
}

enum class End { expected, low };

/// The least rated bandwidth of a main memory at which that end of the interval reaches the rate.
std::optional<double> bandwidth_for(const Question& question, double rate, End end,
                                    unsigned cores) {
  const auto reaches = [&](double bandwidth) {
    const auto calibration = calibration_from_profile({}, bandwidth, cores);
    if (!calibration) return false;
    const Estimate decode = decode_at(question, *calibration);
    return (end == End::low ? decode.low : decode.expected) >= rate;
  };
  if (!reaches(k_most_bandwidth)) return std::nullopt;
  double low = 0.0;
  double high = k_most_bandwidth;
  constexpr int k_halvings = 40;  // to 2 bytes a second
  for (int i = 0; i < k_halvings; ++i) {
    const double middle = (low + high) / 2;
    (reaches(middle) ? high : low) = middle;
  }
  return high;
}

/// What a machine that is not named is taken to have.
unsigned median_cores(const HardwareTable& table) {
  std::vector<unsigned> counts;
  for (const Processor& processor : table.processors) {
    if (processor.cores) counts.push_back(*processor.cores);
  }
  if (counts.empty()) return 1;
  const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::ranges::nth_element(counts, middle);
  return *middle;
}

/// The machine if it decodes fast enough.
std::optional<PlannedMachine> fast_enough(const Question& question, double rate,
                                          const NamedHardware& hardware) {
  const auto calibration = calibration_of_hardware(hardware);
  if (!calibration) return std::nullopt;
  PlannedMachine machine;
  machine.decode_tokens_per_second = decode_at(question, *calibration);
  if (machine.decode_tokens_per_second.expected < rate) return std::nullopt;
  machine.time_to_first_token_seconds =
      predict(question, *calibration, Fact<Bytes>::unknown("not asked"))
          .time_to_first_token_seconds;
  machine.bandwidth_bytes_per_second =
      hardware.gpu != nullptr ? hardware.gpu->bandwidth_bytes_per_second
                              : hardware.processor->bandwidth_bytes_per_second.value_or(
                                    hardware.processor->reached_bytes_per_second.value_or(0.0));
  return machine;
}

void sort_by_bandwidth(std::vector<PlannedMachine>& machines) {
  std::ranges::stable_sort(machines, {}, &PlannedMachine::bandwidth_bytes_per_second);
}

/// So that what is needed is within the policy's ok.
Bytes free_for(Bytes needed, const Policy& policy) {
  return Bytes(
      static_cast<std::uint64_t>(std::ceil(static_cast<double>(needed.value) / policy.memory_ok)));
}

std::vector<PlannedMachine> gpus_that_do(Question question, double rate, const Policy& policy,
                                         const HardwareTable& table) {
  question.on_gpu = true;
  const Bytes available = free_for(footprint_of(question).peak(), policy);
  std::vector<PlannedMachine> all;
  for (const GraphicsCard& card : table.gpus) {
    auto machine = fast_enough(question, rate, {.gpu = &card});
    if (!machine) continue;
    const auto size = size_with(card, available);
    if (!size) continue;
    machine->name = card.name;
    machine->source = card.source;
    machine->device = "gpu";
    machine->segment = card.segment;
    machine->memory = *size;
    all.push_back(std::move(*machine));
  }
  sort_by_bandwidth(all);
  return all;
}

std::vector<PlannedMachine> processors_that_do(const Question& question, double rate,
                                               Bytes available, const HardwareTable& table) {
  std::vector<PlannedMachine> all;
  for (const Processor& processor : table.processors) {
    const auto installed = installed_with(processor, available);
    if (!installed) continue;
    auto machine = fast_enough(question, rate, {.processor = &processor});
    if (!machine) continue;
    machine->name = processor.name;
    machine->source = processor.source;
    machine->device = "cpu";
    machine->segment = processor.segment;
    machine->memory = *installed;
    all.push_back(std::move(*machine));
  }
  sort_by_bandwidth(all);
  return all;
}

Json number_or_null(const std::optional<double>& value) {
  if (!value) return nullptr;
  return *value;
}

Json machines_json(const std::vector<PlannedMachine>& machines) {
  Json list = Json::array();
  for (const PlannedMachine& machine : machines) {
    list.push_back(
        {{"name", machine.name},
         {"device", machine.device},
         {"segment", machine.segment},
         {"memory_bytes", machine.memory.value},
         {"bandwidth_bytes_per_second", machine.bandwidth_bytes_per_second},
         {"bandwidth_source", machine.source},
         {"decode_tokens_per_second", estimate_to_json(machine.decode_tokens_per_second)},
         {"time_to_first_token_seconds", estimate_to_json(machine.time_to_first_token_seconds)}});
  }
  return list;
}

}  // namespace

MachinePlan plan_machine(const Question& question, double rate, const Policy& policy,
                         const HardwareTable& table) {
  MachinePlan plan;
  plan.needed = footprint(question.spec, question.plan, question.session).peak();
  plan.available = free_for(plan.needed, policy);
  plan.installed = installed_for(plan.available);
  plan.prompt_flops = flops_of_prompt(question);
  plan.prompt_flops_per_second = plan.prompt_flops / policy.first_token_ok_seconds;
  plan.comfortable_prompt_flops_per_second =
      plan.prompt_flops / policy.first_token_comfortable_seconds;
  plan.cores = median_cores(table);
  plan.bandwidth_bytes_per_second = bandwidth_for(question, rate, End::expected, plan.cores);
  plan.safe_bandwidth_bytes_per_second = bandwidth_for(question, rate, End::low, plan.cores);
  plan.processors = processors_that_do(question, rate, plan.available, table);
  plan.gpus = gpus_that_do(question, rate, policy, table);
  return plan;
}

Json plan_json(const Question& question, double rate, const MachinePlan& plan) {
  return {{"schema", "assay.plan/1"},
          {"model", question.model},
          {"format", question.format},
          {"context", question.session.context},
          {"depth", question.depth},
          {"decode_tokens_per_second", rate},
          {"memory",
           {{"needed_bytes", plan.needed.value},
            {"available_bytes", plan.available.value},
            {"installed_bytes", plan.installed.value}}},
          {"prompt",
           {{"tokens", question.prompt_tokens},
            {"flops", plan.prompt_flops},
            {"flops_per_second", plan.prompt_flops_per_second},
            {"comfortable_flops_per_second", plan.comfortable_prompt_flops_per_second}}},
          {"bandwidth_bytes_per_second", number_or_null(plan.bandwidth_bytes_per_second)},
          {"safe_bandwidth_bytes_per_second", number_or_null(plan.safe_bandwidth_bytes_per_second)},
          {"processors", machines_json(plan.processors)},
          {"gpus", machines_json(plan.gpus)}};
}

}  // namespace assay
