#include "tests/reference-engine/modelled_kernels.hpp"

#include <initializer_list>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernels/lay_over.hpp"
#include "reference-engine/kernels/x86_avx_vnni/tables.hpp"

namespace assay {
namespace {

/// The table of `base` with parts over it; nothing where this processor lacks the base.
void append(std::vector<KernelTable>& tables, const char* base,
            std::initializer_list<const KernelTable*> parts) {
  const auto selected = select_kernels(live_cpu_features(), base);
  if (!selected) return;
  KernelTable table = **selected;
  for (const KernelTable* part : parts) lay_over(table, *part);
  tables.push_back(table);
}

std::vector<KernelTable> make_tables() {
  std::vector<KernelTable> tables;
  append(tables, "avx2", {&k_avx_vnni_small_formats, &k_avx_vnni_large_formats, &k_avx_vnni_loops});
  return tables;
}

}  // namespace

const std::vector<KernelTable>& modelled_tables() {
  static const std::vector<KernelTable> tables = make_tables();
  return tables;
}

}  // namespace assay
