#pragma once

#include "reference-engine/kernel_table.hpp"

namespace assay {

/// Puts what `part` overrides on top of a table.
void lay_over(KernelTable& out, const KernelTable& part);

}  // namespace assay
