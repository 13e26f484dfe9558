#pragma once

#include <string>

#include "base/host_view.hpp"

namespace assay {

/// A recording of `source` that read_cpuid_dump reads back: one block a logical CPU with every leaf
/// and sub-leaf that it holds, and XCR0. Leaf 3, which held serial numbers, is left out.
std::string cpuid_text(const CpuidSource& source);

}  // namespace assay
