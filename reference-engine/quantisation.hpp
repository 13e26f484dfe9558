#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

/// What became of one tensor.
struct QuantisedTensor {
  std::string name;
  WeightFormat from;
  WeightFormat to;
  Bytes bytes_before;
  Bytes bytes_after;
  std::uint64_t values = 0;
  double squares = 0.0;         // sum of the squared values; 0 when the tensor was copied
  double squared_errors = 0.0;  // sum of the squared differences; 0 when it was copied
};

struct Quantisation {
  std::vector<QuantisedTensor> tensors;  // in the order of the file
  Bytes file_bytes;
  [[nodiscard]] Bytes bytes_before() const;
  [[nodiscard]] Bytes bytes_after() const;
  [[nodiscard]] std::uint64_t values() const;
  /// Root of the squared errors over the squares, of all tensors that changed their format.
  [[nodiscard]] double relative_error() const;
};

/// Called before each part of a tensor with the share of the file that is done, 0 to 1.
using QuantisationProgress = std::function<void(std::string_view tensor, double fraction)>;

/// Writes the model of `file` to `out` with its matrices in the formats of `recipe`, every key and
/// every other tensor as it was (general.file_type and general.quantization_version are set). Each
/// row is decoded exactly and encoded by the search of quant/code_search.hpp and line_search.hpp,
/// without an importance matrix; the result does not depend on the number of threads. About 40 MiB
/// are in memory at once, whatever the model's size. `out` is not committed.
/// Errors: refused_input (a model that the engine does not know, a weight that is not finite or
/// that the format cannot hold), io, interrupted.
Result<Quantisation> quantise_model(const GgufFile& file, Recipe recipe, ThreadPool& pool,
                                    OutputFile& out, const std::stop_token& stop,
                                    const QuantisationProgress& progress);

/// The general.file_type of a recipe (llama.h of ggml-org/llama.cpp).
std::uint32_t file_type_of(Recipe recipe);
/// Nothing for a mixture that is no recipe of ours.
std::optional<Recipe> recipe_of_file_type(std::uint64_t file_type);

}  // namespace assay
