#include <utility>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/runtime/fill_weights.hpp"
#include "reference-engine/session.hpp"

namespace assay {

Result<Model> load_model(const GgufFile& file, const KernelTable& kernels, ThreadPool& pool,
                         const std::stop_token& stop) {
  auto spec = model_spec(file);
  if (!spec) return pass_on(spec);
  auto plan = tensor_plan(file, *spec);
  if (!plan) return pass_on(plan);
  auto layout = lay_out_weights(*spec, *plan, kernels, file.name());
  if (!layout) return pass_on(layout);

  std::vector<std::uint64_t> offsets;
  for (const WeightPlacement& placement : layout->placements) {
    const GgufTensor* tensor = file.tensor(placement.tensor->name);
    if (tensor == nullptr) {
      return file.refuse(placement.tensor->name, "no such tensor (expected by the model's shape)");
    }
    if (placement.is_vector() && tensor->format != WeightFormat::f32) {
      return file.refuse(tensor->name, "format " + std::string(format_name(tensor->format)) +
                                           " (expected F32 for a vector)");
    }
    offsets.push_back(tensor->offset);
  }
  const auto read_rows = [&](const RowRange& rows, std::span<std::byte> into) {
    const PlannedTensor& tensor = *layout->placements[rows.placement].tensor;
    const std::uint64_t row = rows.expert * tensor.rows + rows.first;
    return file.file().read_at(
        offsets[rows.placement] + row * row_bytes(tensor.format, tensor.columns), into);
  };
  if (auto filled = fill_weights(*layout, pool, read_rows, stop); !filled) return pass_on(filled);
  return ModelAccess::make(std::move(*spec), std::move(*plan), kernels, std::move(layout->weights));
}

}  // namespace assay
