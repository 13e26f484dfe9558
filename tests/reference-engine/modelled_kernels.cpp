#include "tests/reference-engine/modelled_kernels.hpp"

#include <initializer_list>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernels/lay_over.hpp"
#include "reference-engine/kernels/x86_amx/tables.hpp"
#include "reference-engine/kernels/x86_amx_bf16/tables.hpp"
#include "reference-engine/kernels/x86_avx512_bf16/tables.hpp"
#include "reference-engine/kernels/x86_avx_vnni/tables.hpp"

namespace assay {
namespace {

/// The table of `base` with parts over it; nothing where this processor lacks the base.
void append(std::vector<ModelledTable>& tables, const char* base, WeightFormat own,
            std::initializer_list<const KernelTable*> parts) {
  const auto selected = select_kernels(live_cpu_features(), base);
  if (!selected) return;
  ModelledTable modelled{**selected, *selected, own};
  for (const KernelTable* part : parts) lay_over(modelled.table, *part);
  tables.push_back(modelled);
}

std::vector<ModelledTable> make_tables() {
  std::vector<ModelledTable> tables;
  append(tables, "avx2", WeightFormat::q4_0,
         {&k_avx_vnni_small_formats, &k_avx_vnni_large_formats, &k_avx_vnni_loops});
  append(tables, "avx512", WeightFormat::bf16, {&k_avx512_bf16_products, &k_avx512_bf16_loops});
  append(
      tables, "avx512", WeightFormat::q4_0,
      {&k_amx_attention, &k_amx_plain, &k_amx_small_formats, &k_amx_large_formats, &k_amx_loops});
  append(tables, "avx512", WeightFormat::bf16,
         {&k_avx512_bf16_products, &k_avx512_bf16_loops, &k_amx_bf16_products, &k_amx_bf16_loops});
  return tables;
}

}  // namespace

const std::vector<ModelledTable>& modelled_tables() {
  static const std::vector<ModelledTable> tables = make_tables();
  return tables;
}

}  // namespace assay
