#pragma once

#include <cstdint>
#include <map>

#include "reference-engine/footprint.hpp"

namespace assay {

/// What one decode step, or one prompt, asks of the machine. Amounts are bytes in decode and
/// floating-point operations in prefill.
struct Work {
  std::map<WeightFormat, double> dense;    // attention, dense layers, router, head
  std::map<WeightFormat, double> experts;  // expert matrices
  double layers = 0.0;
  double moe_layers = 0.0;
  double tokens = 0.0;
  double cache_bytes = 0.0;      // decode: keys, values and states read
  double expert_bytes = 0.0;     // decode: of all experts, chosen or not
  double scores = 0.0;           // decode: pairs of a query and a key that it sees
  double attention_flops = 0.0;  // prefill: queries times keys, probabilities times values,
                                 // and what layers that carry a state do with it
  double elements = 0.0;  // prefill: values that norms, sums, rotations and activations touch
  std::map<WeightFormat, double> dense_reads;   // prefill: bytes of weights that its passes read
  std::map<WeightFormat, double> expert_reads;  // the same of experts that some token chose
};

/// How a prompt is read: behind so many positions, in passes of at most `chunk` tokens.
struct PromptShape {
  double tokens = 0.0;
  double depth = 0.0;
  double chunk = 512.0;
};

/// One decode step at a depth.
Work decode_work(const ModelSpec& spec, const TensorPlan& plan, CacheFormat cache, double depth);

/// A prompt; the head is apart (head_work).
Work prefill_work(const ModelSpec& spec, const TensorPlan& plan, const PromptShape& prompt);

/// Share of a layer's experts that a pass of `rows` tokens is expected to use, when each token
/// chooses `used` of them and none is preferred.
double share_of_experts(double experts, double used, double rows);

/// The amounts of block formats, or of plain ones, whose values stand alone (F16, BF16, F32):
/// kernels treat the two otherwise before they meet many rows.
std::map<WeightFormat, double> of_kind(const std::map<WeightFormat, double>& amounts, bool plain);

/// The output head of one token, as decode reads it.
Work head_work(const ModelSpec& spec, const TensorPlan& plan);

}  // namespace assay
