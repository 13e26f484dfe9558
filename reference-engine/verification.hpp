#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// One kernel compared with the definition on one shape.
struct KernelCheck {
  std::string kernel;  // "multiply Q4_K", "quantise", "exp_sum"
  std::string isa;
  std::uint64_t rows = 0;
  std::uint64_t k = 0;
  std::uint64_t columns = 0;
  double nmse = 0.0;
  double bound = 0.0;
  [[nodiscard]] bool passed() const { return nmse <= bound; }  // false for NaN
};

struct MatmulShape {
  WeightFormat format;
  std::uint64_t rows;
  std::uint64_t k;
  std::uint64_t columns;
  auto operator<=>(const MatmulShape&) const = default;
};

/// Multiplies random rows of exactly this format and width by `table` and by the integer-exact
/// definition with float64 sums, on the same codes. Only as many rows as the test needs are made
/// (at most `max_rows`).
KernelCheck check_multiply(const KernelTable& table, const MatmulShape& shape,
                           std::uint64_t max_rows = 64);

/// The kernels of one format over edge shapes: one column to 13, all-extreme codes, zero and
/// subnormal scales, last panels that are not full.
std::vector<KernelCheck> check_format(const KernelTable& table, WeightFormat format);

/// Every kernel of the table: those of all formats, and the vector helpers.
std::vector<KernelCheck> check_all_kernels(const KernelTable& table);

/// The distinct matrix products of a model for passes of `columns` tokens.
std::vector<MatmulShape> matmul_shapes(const Model& model, std::uint64_t columns);

/// NMSE of the session's logits for one token at its present depth against a float64 pass over the
/// weights dequantised matrix by matrix, on the same cache. The session's depth is the same
/// afterwards.
Result<double> reference_nmse(const Model& model, Session& session, TokenId token);

/// One step of a token's way through a session, compared with float64.
struct StepCheck {
  std::string step;  // "layer 3 attention", "layer 3 keys", "head"
  double nmse = 0.0;
  double bound = 0.0;
  [[nodiscard]] bool passed() const { return nmse <= bound; }  // false for NaN
};

/// A session compared with the model that it should run, over one token.
struct SessionCheck {
  std::string fault;             // why nothing can be compared: "3 layers (expected 4)"
  double logit_nmse = 0.0;       // end to end, against activations that nothing rounds
  double logit_bound = 0.0;      // what int8 activations explain
  std::vector<StepCheck> steps;  // each from what the session itself had before it
  [[nodiscard]] bool passed() const;
  /// The step that failed by most, or came nearest to its bound; null without steps.
  [[nodiscard]] const StepCheck* worst_step() const;
  /// What failed, in one line; empty when nothing did.
  [[nodiscard]] std::string reason() const;
};

/// Runs one token at the session's present depth and compares every step of it with float64: what
/// is looked up, the keys and values that are stored, what each block adds, and the logits. A step
/// starts from the session's own input to it and rounds activations to the codes that the kernels
/// take, so that what is left is float32's last bits: errors do not add up with the depth of a
/// model, and a dropped layer or expert or a coarser format stands out by orders. `model` need not
/// be the object that the session runs. The session's depth is the same afterwards. Errors: those
/// of the session.
Result<SessionCheck> check_session(const Model& model, Session& session, TokenId token);

/// The most that rounding to a cache's format can cost of the energy of keys and values: half a
/// step each. A float16 step is up to 2^-10 of a value: 2^-22; bfloat16: 2^-16. Q8_0 has a step of
/// max / 127 over 32 values, whose energy is at least max^2: 32 / (4 * 127^2).
double worst_cache_error(CacheFormat format);

/// What rounding to a cache's format costs of the energy of keys and values. A float16 value is off
/// by up to 2^-12 of itself, uniformly: 2^-24 / 3; a bfloat16 one by 2^-9: 2^-18 / 3. Q8_0 has a
/// step of max / 127 over 32 values, whose error is step^2 / 12; for 32 normal values the mean
/// squared maximum is 4.6 of their mean square.
double cache_error(CacheFormat format);

/// The largest reference_nmse() that rounding alone explains, for a model's formats and depth and a
/// cache: what is above it is an error. Its derivation stands where it is defined.
double reference_bound(const Model& model, CacheFormat cache);

}  // namespace assay
