#pragma once

#include <vector>

#include "reference-engine/verification.hpp"

namespace assay {

/// The vector kernels of a table (quantise, norms, exponentials, attention) compared with float64
/// on lengths around every vector width.
void append_vector_checks(const KernelTable& table, std::vector<KernelCheck>& checks);

}  // namespace assay
