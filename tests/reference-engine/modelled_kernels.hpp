#pragma once

#include <vector>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// A complete table, and a format whose kernels are not those of the table below it.
struct ModelledTable {
  KernelTable table;
  const KernelTable* base;
  WeightFormat own;
};

/// Tables as a processor of each instruction set would have them, with a model of the
/// instructions that this one may lack: those that the models can run on here.
const std::vector<ModelledTable>& modelled_tables();

}  // namespace assay
