#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/runtime/fill_weights.hpp"
#include "reference-engine/session.hpp"

namespace assay {
namespace {

/// Keeps the system fetching the part of a file that comes next while this process is busy with
/// the part that came: threads that read and pack by turns leave the disk idle otherwise.
class ReadAhead {
 public:
  explicit ReadAhead(const InputFile& file) : file_(file) {}

  /// A thread is about to read up to `end`. Thread-safe.
  void reached(std::uint64_t end) {
    const std::uint64_t wanted = end + k_window;
    std::uint64_t asked = asked_.load(std::memory_order_relaxed);
    while (asked + k_step <= wanted) {
      if (asked_.compare_exchange_weak(asked, wanted, std::memory_order_relaxed)) {
        const std::uint64_t from = std::max(asked, end);
        file_.expect_read(from, Bytes(wanted - from));
        return;
      }
    }
  }

 private:
  static constexpr std::uint64_t k_window = std::uint64_t{16} << 20;
  static constexpr std::uint64_t k_step = std::uint64_t{4} << 20;

  const InputFile& file_;
  std::atomic<std::uint64_t> asked_{0};
};

}  // namespace

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
  const auto position = [&](const RowRange& rows) {
    const PlannedTensor& tensor = *layout->placements[rows.placement].tensor;
    const std::uint64_t row = rows.expert * tensor.rows + rows.first;
    return offsets[rows.placement] + row * row_bytes(tensor.format, tensor.columns);
  };
  std::vector<RowRange> ranges = row_ranges(*layout);
  std::ranges::sort(ranges, {}, position);
  ReadAhead ahead(file.file());
  const auto read_rows = [&](const RowRange& rows, std::span<std::byte> into) {
    ahead.reached(position(rows) + into.size());
    return file.file().read_at(position(rows), into);
  };
  if (auto filled = fill_weights(*layout, ranges, pool, read_rows, stop); !filled) {
    return pass_on(filled);
  }
  return ModelAccess::make(std::move(*spec), std::move(*plan), kernels, std::move(layout->weights));
}

}  // namespace assay
