#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

// What an engine may be off from a golden model's float64 logits, as NMSE over all of them, with
// keys and values in float32. Summing in float32 costs (n / 4) * 2^-48 for n = 1000 terms, below
// 1e-12, and errors grow tenfold through two layers: three orders are left for another order of
// summing. Int8 activations: a step of max / 127 over 32 values costs 2.4e-5 of a product
// (4.6 / (12 * 127^2), 4.6 being the mean squared maximum of 32 normal values), and the models'
// chain of about 20 products gives 5e-4.
inline constexpr double k_golden_float32 = 1e-9;
inline constexpr double k_golden_half = 1e-6;  // F16 and BF16 weights
inline constexpr double k_golden_int8 = 6e-4;
// BF16 weights with native numerics. A value m * 2^e is off by up to 2^-8 * 2^e, uniformly: of
// values evenly spread from 1 to 2 that is (2^-14 / 12) / (7 / 3) = 2.2e-6 of the energy, eleven
// times less than int8 codes cost, through the same chain.
inline constexpr double k_golden_native = 6e-5;
// F16 weights with native numerics: the steps of binary16 are 8 times smaller.
inline constexpr double k_golden_native_f16 = k_golden_native / 64.0;
inline constexpr double k_golden_int8_experts = 5e-4;  // of mixtures: two layers, fewer products

/// One golden model on one instruction set.
struct GoldenCheck {
  std::string model;
  std::string format;  // of most of its matrices
  double nmse = 0.0;   // the larger one of a prompt in one pass and one of a token each
  double bound = 0.0;
  [[nodiscard]] bool passed() const { return nmse <= bound; }  // false for NaN
};

/// The golden models that the program carries: small ones with random or trained weights, whose
/// logits were computed in float64 from the published definition, for each kind of block.
std::vector<std::string> embedded_golden_names();

/// Runs one of them. Errors: internal, for a name that is none.
Result<GoldenCheck> check_golden(const std::string& name, const KernelTable& kernels,
                                 ThreadPool& pool);

}  // namespace assay
