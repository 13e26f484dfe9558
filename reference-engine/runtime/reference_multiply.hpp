#pragma once

#include <cstddef>
#include <vector>

#include "reference-engine/runtime/session_state.hpp"

namespace assay {

/// Sums in eight independent chains, which compilers keep in vector registers.
double reference_dot(const float* row, const double* x, std::size_t n);

/// A matrix, dequantised row by row, times a vector. With ReferenceRounding::as_declared the vector
/// is rounded to int8 codes first where the session's kernels take codes. Shapes: x [columns]; the
/// result [rows].
std::vector<double> reference_multiply(const Session::State& state, const PackedMatrix& matrix,
                                       std::size_t expert, const std::vector<double>& x);

}  // namespace assay
