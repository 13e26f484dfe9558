#pragma once

#include <vector>

#include "reference-engine/kernel_table.hpp"

namespace assay {

/// Complete tables as a processor of each instruction set would have them, with a model of the
/// instructions that this one may lack: those that the models can run on here.
const std::vector<KernelTable>& modelled_tables();

}  // namespace assay
