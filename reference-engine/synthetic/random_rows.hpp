#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// Whether random_row() can make rows of a format.
bool can_randomise(WeightFormat format);

/// One row in the bytes of its format, with values of about this standard deviation and about zero
/// mean: random codes under a scale that is chosen for it.
/// Shape: row [row_bytes(format, k)]. Requires can_randomise(format).
void random_row(const KernelTable& kernels, WeightFormat format, float deviation,
                std::uint64_t seed, std::span<std::byte> row);

}  // namespace assay
