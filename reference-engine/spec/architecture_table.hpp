#pragma once

#include <span>
#include <string_view>

#include "reference-engine/model_spec.hpp"

namespace assay {

enum class Experts { never, optional, always };

/// One architecture of a known block shape: everything that its name alone decides. A new family is
/// one more row; what a row does not name is as in llama.
struct ArchitectureRow {
  std::string_view name;
  RopePairs pairs = RopePairs::halves;
  QkNorm qk_norm = QkNorm::none;
  BiasSpec bias = {};  // others are taken where the file has them
  Experts experts = Experts::never;
  MoeSpec moe = {};  // the router; sizes come from the file
};

std::span<const ArchitectureRow> architecture_rows();
/// Null for an unknown architecture.
const ArchitectureRow* architecture_row(std::string_view name);

}  // namespace assay
