#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "advisor/verdict.hpp"

namespace assay {

/// A laptop that reads 40 GB/s: every format at 90 % of it in decode and 1 TFLOP/s in prefill.
inline Calibration example_calibration(double bandwidth = 40e9) {
  Calibration calibration;
  calibration.basis = Basis::this_machine;
  calibration.threads = 4;
  calibration.read_bandwidth_bytes_per_second = bandwidth;
  calibration.read_bandwidth_low = bandwidth;
  calibration.read_bandwidth_high = bandwidth;
  for (const char* format : {"F16", "Q8_0", "Q4_K", "Q6_K"}) {
    FormatRate rate;
    rate.format = format;
    rate.decode_efficiency = 0.9;
    rate.decode_efficiency_low = 0.8;
    rate.decode_efficiency_high = 1.0;
    rate.prefill_flops_per_second = 1000e9;
    rate.prefill_flops_per_second_low = 900e9;
    rate.prefill_flops_per_second_high = 1100e9;
    calibration.dense.push_back(rate);
    rate.decode_efficiency = 0.8;
    rate.decode_efficiency_low = 0.7;
    calibration.moe.push_back(rate);
  }
  calibration.seconds_per_layer = 20e-6;
  calibration.seconds_per_moe_layer = 20e-6;
  calibration.seconds_per_token = 100e-6;
  calibration.cache_efficiency = 0.5;
  calibration.attention_flops_per_second = 200e9;
  calibration.origin = "test";
  return calibration;
}

inline Fact<Bytes> gigabytes(double count) {
  return Fact<Bytes>::known(Bytes(static_cast<std::uint64_t>(count * 1e9)), "test");
}

inline Question question_about(const std::string& id, Recipe recipe) {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  static const Policy k_policy = builtin_policy().value();
  return question_of(*k_catalogue.find(id), recipe, SessionShape{}, *k_policy.use("chat")).value();
}

/// The change of that kind; null where there is none.
inline const Change* find_change(const Verdict& verdict, ChangeKind kind) {
  const auto found = std::find_if(verdict.changes.begin(), verdict.changes.end(),
                                  [kind](const Change& change) { return change.kind == kind; });
  return found == verdict.changes.end() ? nullptr : &*found;
}

}  // namespace assay
