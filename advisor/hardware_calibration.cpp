#include "advisor/hardware_calibration.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "advisor/cost/format_prior.hpp"
#include "advisor/words/phrases.hpp"

namespace assay {
namespace {

// A token takes bytes / (share x bandwidth) and a time for each layer's kernels to start. Fitted to
// the published speeds of 34 GPUs (bench/profile_accuracy.py; docs/accuracy.md has the errors with
// each machine left out), and held to them by a test. Classes by vendor were tried and were worse:
// most have too few machines.
constexpr double k_gpu_share = 0.86;
constexpr double k_gpu_seconds_per_layer = 69e-6;
// 90 % of those rows lie between: what holds down old and very wide memories, and what exceeds it.
constexpr double k_gpu_low = 0.42;
constexpr double k_gpu_high = 1.22;

/// Products of a prompt over the float32 peak of the shaders, and where 90 % of the rows lie.
struct PromptShare {
  double expected;
  double low;
  double high;
};

// The median of published prompt rates (tests/fixtures/speeds/prefill.json; fitted by
// bench/profile_accuracy.py and held to them by a test). Matrix units do several times what the
// shaders do, and more so in servers' cards: hence the high end. Other GPUs have too few rows.
constexpr PromptShare k_tensor_cores{1.6, 0.85, 3.5};
constexpr PromptShare k_apple{0.66, 0.45, 0.75};

/// Nothing where the peak is not known, or what is reached of it.
std::optional<PromptShare> prompt_share(const GraphicsCard& card) {
  if (!card.fp32_flops_per_second) return std::nullopt;
  if (card.tensor_cores) return k_tensor_cores;
  if (card.vendor == "apple") return k_apple;
  return std::nullopt;
}

/// The same rates for all formats.
std::vector<FormatRate> even_rates(const GraphicsCard& card) {
  std::vector<FormatRate> rates;
  for (const FormatPrior& prior : format_priors()) {
    FormatRate rate;
    rate.format = format_name(prior.format);
    rate.decode_efficiency = rate.decode_efficiency_low = rate.decode_efficiency_high = k_gpu_share;
    if (const auto share = prompt_share(card)) {
      rate.prefill_flops_per_second = *card.fp32_flops_per_second * share->expected;
      rate.prefill_flops_per_second_low = *card.fp32_flops_per_second * share->low;
      rate.prefill_flops_per_second_high = *card.fp32_flops_per_second * share->high;
    }
    rates.push_back(std::move(rate));
  }
  return rates;
}

Calibration calibration_of_gpu(const GraphicsCard& card) {
  Calibration calibration;
  calibration.basis = Basis::profile;
  calibration.origin = fmt::format("the published memory bandwidth of {}, {}", card.name,
                                   bandwidth_words(card.bandwidth_bytes_per_second));
  calibration.read_bandwidth_bytes_per_second = card.bandwidth_bytes_per_second;
  calibration.read_bandwidth_low = card.bandwidth_bytes_per_second * k_gpu_low;
  calibration.read_bandwidth_high = card.bandwidth_bytes_per_second * k_gpu_high;
  calibration.dense = even_rates(card);
  calibration.moe = even_rates(card);
  calibration.attention_flops_per_second = calibration.dense.front().prefill_flops_per_second;
  calibration.cache_efficiency = k_gpu_share;
  calibration.seconds_per_layer = k_gpu_seconds_per_layer;
  return calibration;
}

// What another way of measuring says of the same processor: STREAM's triad, 4.84 GB/s, beside its
// scale, 5.56 (BCM2711; sci-pi.org.uk/bench/stream.html), and Passmark's read, 125.6, beside
// likwid's load, 108.6 (Ryzen AI Max+ 395; lhl/strix-halo-testing).
constexpr double k_other_method_low = 4.84 / 5.56;
constexpr double k_other_method_high = 125.6 / 108.6;
// The step between two memories that one machine is sold with: DDR5-4800 for DDR5-5600.
constexpr double k_slower_memory = 4800.0 / 5600.0;
// Lower bounds are what a model's decode showed, of what is read 84 to 91 % (ggml-org/llama.cpp
// issue 26484): the middle is what is expected.
constexpr double k_decode_of_read_low = 0.84;
constexpr double k_decode_of_read = 0.875;

/// What a description of a machine with it would say of its instructions and cores.
CpuProfile described(const Processor& processor) {
  CpuProfile cpu;
  if (!processor.cores) return cpu;
  if (!processor.isa.empty()) {
    cpu.isa = Fact<std::vector<std::string>>::known(processor.isa, processor.source);
  }
  const unsigned all = *processor.cores;
  cpu.physical_cores = Fact<std::uint32_t>::known(all, processor.source);
  if (!processor.performance_cores && !processor.efficiency_cores) return cpu;
  const unsigned fast = processor.performance_cores.value_or(0);
  const unsigned slow = processor.efficiency_cores.value_or(0);
  cpu.core_types = Fact<std::vector<CoreType>>::known(
      {{.kind = "performance", .cores = fast, .threads = fast},
       {.kind = "efficiency", .cores = slow, .threads = slow},
       {.kind = "low_power", .cores = all - fast - slow, .threads = all - fast - slow}},
      processor.source);
  return cpu;
}

/// The share of the rated bandwidth is unknown; what was measured needs none.
Result<Calibration> calibration_of_processor(const Processor& processor) {
  MachineProfile machine;
  machine.cpu = described(processor);
  if (!processor.bandwidth_bytes_per_second && !processor.reached_bytes_per_second) {
    return fail(ErrorCode::unknown,
                fmt::format("no source tells the memory bandwidth of {}", processor.name), {},
                "give --bandwidth");
  }
  const double rated = processor.bandwidth_bytes_per_second.value_or(0.0);
  auto calibration = calibration_from_profile(
      machine, rated > 0.0 ? rated : *processor.reached_bytes_per_second, processor.cores);
  if (!calibration) return calibration;
  calibration->origin =
      fmt::format("the rated memory bandwidth of {}, {}", processor.name, bandwidth_words(rated));
  if (processor.reached_bytes_per_second) {
    const double reached = *processor.reached_bytes_per_second;
    calibration->origin =
        fmt::format("{} that {} was {} to read", bandwidth_words(reached), processor.name,
                    processor.is_lower_bound ? "seen at least" : "measured");
    calibration->is_share_of_rated = false;
    calibration->read_bandwidth_bytes_per_second =
        processor.is_lower_bound ? reached / k_decode_of_read : reached;
    calibration->read_bandwidth_low = reached * k_other_method_low * k_slower_memory;
    calibration->read_bandwidth_high =
        reached * k_other_method_high / (processor.is_lower_bound ? k_decode_of_read_low : 1.0);
  }
  return calibration;
}

}  // namespace

Result<Calibration> calibration_of_hardware(const NamedHardware& hardware) {
  auto calibration = hardware.gpu != nullptr
                         ? Result<Calibration>(calibration_of_gpu(*hardware.gpu))
                         : calibration_of_processor(*hardware.processor);
  if (calibration) calibration->from_published_figures = true;
  return calibration;
}

}  // namespace assay
