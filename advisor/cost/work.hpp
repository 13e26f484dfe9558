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
  double attention_flops = 0.0;  // prefill: queries times keys, probabilities times values,
                                 // and what layers that carry a state do with it
};

/// One decode step at a depth.
Work decode_work(const ModelSpec& spec, const TensorPlan& plan, CacheFormat cache, double depth);

/// A prompt of `tokens` from an empty cache; the head is apart (head_work).
Work prefill_work(const ModelSpec& spec, const TensorPlan& plan, double tokens);

/// The output head of one token, as decode reads it.
Work head_work(const ModelSpec& spec, const TensorPlan& plan);

}  // namespace assay
