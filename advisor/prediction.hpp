#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/calibration.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"
#include "reference-engine/footprint.hpp"

namespace assay {

enum class Origin { measured, predicted, unknown };
std::string_view origin_name(Origin origin);
std::optional<Origin> origin_from_name(std::string_view name);

/// A number with its interval, and whether it was measured or predicted.
struct Estimate {
  double low = 0.0;
  double expected = 0.0;
  double high = 0.0;
  Origin origin = Origin::unknown;
  Basis basis = Basis::profile;
  [[nodiscard]] bool is_known() const { return origin != Origin::unknown; }
};

/// What is asked about: a model in a format, with a context, for a use.
struct Question {
  std::string model;
  ModelSpec spec;
  TensorPlan plan;
  std::string format;
  SessionShape session;       // session.context governs memory only
  std::uint64_t depth = 512;  // where the rates hold
  std::uint64_t prompt_tokens = 128;
  std::string use = "chat";
  std::uint64_t answer_tokens = 256;
  std::string thinking = "none";        // of the catalogue: "none", "toggle", "always", ...
  std::uint64_t thinking_tokens = 512;  // before the answer, where the model thinks
  bool use_thinks = false;              // the use wants thinking of a model that can do both
  bool engine_runs = true;
  bool on_gpu = false;  // whole in a GPU's memory, in an engine that uses it
};

/// What it needs of the memory where it runs.
Footprint footprint_of(const Question& question);

/// The decode rate alone: of a model, or of the part of one (its layers, its tensors) that a device
/// keeps.
Estimate predict_decode(const Question& question, const Calibration& calibration);

struct Prediction {
  Footprint footprint;
  Fact<Bytes> available;
  Bytes file_bytes;
  Estimate decode_tokens_per_second;
  Estimate prefill_tokens_per_second;
  Estimate time_to_first_token_seconds;
};

/// Calibration may be absent: then only memory is known.
Prediction predict(const Question& question, const std::optional<Calibration>& calibration,
                   const Fact<Bytes>& available_memory);

}  // namespace assay
