#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/calibration.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/engine_results.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace assay {

/// A measured speed of another engine beside what Assay predicts for the same work here.
struct EngineFactor {
  std::string engine;
  std::string version;
  std::string model;  // of the catalogue, or what the user named
  std::string format;
  std::uint64_t threads = 1;
  std::uint64_t prompt_tokens = 0;  // above 0: of reading a prompt, else of decoding
  std::uint64_t generated_tokens = 0;
  std::uint64_t depth = 0;
  double tokens_per_second = 0.0;
  double predicted_tokens_per_second = 0.0;
  std::string calibration;  // the run that the prediction rests on
  std::string imported_at;
  [[nodiscard]] bool is_decode() const { return prompt_tokens == 0; }
  [[nodiscard]] double ratio() const { return tokens_per_second / predicted_tokens_per_second; }
};

/// The catalogue's model that a row is of: by its name where the file says it, and by its number of
/// parameters. Errors: unknown, when none or several match.
Result<const CatalogueEntry*> model_of_row(const EngineRow& row, const Catalogue& catalogue);

/// The factor of a row of a model. `calibration` must hold for the row's threads. Errors: unknown,
/// when its speed cannot be predicted.
Result<EngineFactor> factor_of(const EngineRow& row, const std::string& model,
                               const ModelSpec& spec, const TensorPlan& plan,
                               const Calibration& calibration);

/// Puts factors beside known ones; one of the same engine, version and work takes the place of the
/// earlier.
void merge_factors(std::vector<EngineFactor>& known, std::vector<EngineFactor> added);

/// What another engine would reach, from the factors of one engine.
struct EngineEstimate {
  std::string engine;
  double ratio = 0.0;  // the median
  double ratio_low = 0.0;
  double ratio_high = 0.0;
  std::size_t runs = 0;
  std::string format;  // of the runs; empty: of all formats
  Estimate decode_tokens_per_second;
};
/// One for each engine with decode factors; those of the format itself where there are any. None
/// without a rate to start from.
std::vector<EngineEstimate> engine_estimates(std::span<const EngineFactor> factors,
                                             const std::string& format, const Estimate& decode);

Json engine_factor_to_json(const EngineFactor& factor);
Result<EngineFactor> engine_factor_from_json(const JsonFields& fields);
Json engine_estimate_to_json(const EngineEstimate& estimate);

}  // namespace assay
