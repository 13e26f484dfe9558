#pragma once

#include <span>
#include <string_view>

#include "reference-engine/model_spec.hpp"

namespace assay {

enum class Experts { never, optional, always };

/// One architecture of a known block shape: everything that its name alone decides. A new family is
/// one more row.
struct ArchitectureRow {
  std::string_view name;
  RopePairs pairs;
  QkNorm qk_norm;
  bool qkv_bias;  // false: biases are taken where the file has them
  Experts experts;
  bool normalise_weights;
};

std::span<const ArchitectureRow> architecture_rows();
/// Null for an unknown architecture.
const ArchitectureRow* architecture_row(std::string_view name);

}  // namespace assay
