#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"
#include "base/result.hpp"
#include "workloads/bench.hpp"

namespace assay {

/// What a check may cost.
struct MeasurementBox {
  double seconds = 10.0;               // of measuring; making or loading weights is not in it
  std::optional<Bytes> usable_memory;  // more is never allocated
};

/// What is run to check the answer to a question.
struct MeasurementPlan {
  std::uint32_t layers = 0;  // of a slice; 0: the whole model
  std::string why_slice;     // in words; empty for the whole model
  /// The first token behind the use's own prompt, and decode where the question's rates hold; the
  /// one that needs less memory comes first, so that the peak of each can be seen.
  std::vector<WorkloadSpec> workloads;
  CacheFormat cache = CacheFormat::f16;  // the question's
  double seconds_of_one = 0.0;           // predicted: the longest repetition of the two
};

/// The whole model when it fits the memory and a warm-up and two repetitions of each workload fit
/// the box, else the most layers with which they do. A model that is a file (`can_be_cut` false) is
/// run whole, however long it takes. Errors: does_not_fit, when not even a few layers do.
Result<MeasurementPlan> plan_measurement(const Question& question, const Calibration& calibration,
                                         const MeasurementBox& box, bool can_be_cut);

/// A model of the catalogue that a check runs, with its plan.
struct CheckedModel {
  Question question;
  MeasurementPlan plan;
};

/// Up to three models that no calibration has seen, each in one of the usual formats, drawn by
/// `seed`: a small dense one, a larger dense one and a mixture of experts, among those that the
/// engine runs whole within the box. Fewer where a kind has none.
std::vector<CheckedModel> sample_to_check(const Catalogue& catalogue,
                                          const Calibration& calibration, const MeasurementBox& box,
                                          const Policy::Use& use, unsigned threads,
                                          std::uint64_t seed);

/// The calibration as it would have to be for what was measured instead of what it predicted: what
/// the model is compared with decodes as much slower or faster.
Calibration as_measured(Calibration calibration, const Estimate& predicted,
                        const Estimate& measured);

/// What the run of a plan says of the whole question: rates that were measured when the whole model
/// was run; of a slice, the prediction of the whole scaled by what the slice reached of its own.
/// The part of the time that was not run keeps the prediction's relative interval.
Prediction with_measured(const Question& question, const Calibration& calibration,
                         const Prediction& prediction, const MeasurementPlan& plan,
                         const std::vector<RunResult>& runs);

}  // namespace assay
