#include "advisor/hardware_calibration.hpp"

#include <fmt/format.h>

#include <utility>

#include "advisor/cost/format_prior.hpp"

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

std::vector<FormatRate> even_rates(double share) {
  std::vector<FormatRate> rates;
  for (const FormatPrior& prior : format_priors()) {
    FormatRate rate;
    rate.format = format_name(prior.format);
    rate.decode_efficiency = rate.decode_efficiency_low = rate.decode_efficiency_high = share;
    rates.push_back(std::move(rate));
  }
  return rates;
}

Calibration calibration_of_gpu(const GraphicsCard& card) {
  Calibration calibration;
  calibration.basis = Basis::profile;
  calibration.origin = fmt::format("the published memory bandwidth of {}, {:.4g} GB/s", card.name,
                                   card.bandwidth_bytes_per_second / 1e9);
  calibration.read_bandwidth_bytes_per_second = card.bandwidth_bytes_per_second;
  calibration.read_bandwidth_low = card.bandwidth_bytes_per_second * k_gpu_low;
  calibration.read_bandwidth_high = card.bandwidth_bytes_per_second * k_gpu_high;
  calibration.dense = even_rates(k_gpu_share);
  calibration.moe = even_rates(k_gpu_share);
  calibration.cache_efficiency = k_gpu_share;
  calibration.seconds_per_layer = k_gpu_seconds_per_layer;
  return calibration;
}

/// The share of the rated bandwidth is unknown; what was measured needs none.
Result<Calibration> calibration_of_processor(const Processor& processor) {
  MachineProfile machine;
  if (!processor.bandwidth_bytes_per_second && !processor.reached_bytes_per_second) {
    return fail(ErrorCode::unknown,
                fmt::format("no source tells the memory bandwidth of {}", processor.name), {},
                "give --bandwidth");
  }
  const double rated = processor.bandwidth_bytes_per_second.value_or(0.0);
  auto calibration =
      calibration_from_profile(machine, rated > 0.0 ? rated : *processor.reached_bytes_per_second);
  if (!calibration) return calibration;
  calibration->origin =
      fmt::format("the rated memory bandwidth of {}, {:.4g} GB/s", processor.name, rated / 1e9);
  if (processor.reached_bytes_per_second) {
    const double reached = *processor.reached_bytes_per_second;
    calibration->origin =
        fmt::format("{:.4g} GB/s that {} was {} to read", reached / 1e9, processor.name,
                    processor.is_lower_bound ? "seen at least" : "measured");
    calibration->read_bandwidth_bytes_per_second = reached;
    // Another memory than the one measured with: a quarter slower, or a tenth faster.
    calibration->read_bandwidth_low = reached * 0.75;
    calibration->read_bandwidth_high = reached * (processor.is_lower_bound ? 1.3 : 1.1);
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
