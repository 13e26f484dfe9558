#include "reference-engine/runtime/fill_weights.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "reference-engine/quant/definition.hpp"

namespace assay {
namespace {

// Large enough for reads at full speed, small enough to stay in the second level cache with its
// packed copy.
constexpr std::uint64_t k_staging_bytes = std::uint64_t{1} << 20;

std::uint64_t stored_row_bytes(const WeightPlacement& placement) {
  return row_bytes(placement.tensor->format, placement.tensor->columns);
}

void pack(const WeightPlacement& placement, const RowRange& range, const std::byte* staged) {
  const PlannedTensor& tensor = *placement.tensor;
  const std::uint64_t bytes = stored_row_bytes(placement);
  if (placement.is_vector()) {
    std::memcpy(placement.to + (range.expert * tensor.rows + range.first) * bytes, staged,
                range.count * bytes);
    return;
  }
  const std::uint64_t first = range.first - placement.first_row;
  if (placement.widened) {
    const FormatDefinition& definition = *format_definition(tensor.format);
    float* out = reinterpret_cast<float*>(placement.to) + first * tensor.columns;
    for (std::uint64_t row = 0; row < range.count; ++row) {
      definition.decode(staged + row * bytes, tensor.columns, out + row * tensor.columns);
    }
    return;
  }
  const FormatKernels& kernels = *placement.kernels;
  const std::uint64_t panels = (placement.rows + kernels.panel_rows - 1) / kernels.panel_rows;
  for (std::uint64_t row = 0; row < range.count; row += kernels.panel_rows) {
    const std::uint64_t panel = range.expert * panels + (first + row) / kernels.panel_rows;
    const std::uint64_t rows = std::min<std::uint64_t>(kernels.panel_rows, range.count - row);
    kernels.pack(staged + row * bytes, rows, tensor.columns,
                 placement.to + panel * kernels.panel_rows * bytes);
  }
}

}  // namespace

std::vector<RowRange> row_ranges(const WeightLayout& layout) {
  std::vector<RowRange> ranges;
  for (std::size_t i = 0; i < layout.placements.size(); ++i) {
    const WeightPlacement& placement = layout.placements[i];
    const PlannedTensor& tensor = *placement.tensor;
    const std::uint64_t panel_rows = placement.is_vector() ? 1 : placement.kernels->panel_rows;
    // Whole panels that fit the staging buffer, at least one.
    const std::uint64_t panels =
        std::max<std::uint64_t>(1, k_staging_bytes / (panel_rows * stored_row_bytes(placement)));
    for (std::uint64_t expert = 0; expert < tensor.experts; ++expert) {
      for (std::uint64_t row = 0; row < placement.rows; row += panels * panel_rows) {
        ranges.push_back({i, expert, placement.first_row + row,
                          std::min(panels * panel_rows, placement.rows - row)});
      }
    }
  }
  return ranges;
}

Result<void> fill_weights(const WeightLayout& layout, std::span<const RowRange> ranges,
                          ThreadPool& pool, const RowSource& source, const std::stop_token& stop) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex guard;
  std::optional<Error> error;
  pool.run([&](unsigned) {
    std::vector<std::byte> staging;
    while (!failed.load(std::memory_order_relaxed) && !stop.stop_requested()) {
      const std::size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= ranges.size()) return;
      const RowRange& range = ranges[i];
      const WeightPlacement& placement = layout.placements[range.placement];
      const std::size_t bytes = range.count * stored_row_bytes(placement);
      if (staging.size() < bytes) staging.resize(bytes);
      if (auto done = source(range, {staging.data(), bytes}); !done) {
        const std::lock_guard lock(guard);
        if (!error) error = done.error();
        failed.store(true, std::memory_order_relaxed);
        return;
      }
      pack(placement, range, staging.data());
    }
  });
  if (error) return tl::unexpected<Error>(*error);
  if (stop.stop_requested()) return fail(ErrorCode::interrupted, "interrupted while loading");
  return {};
}

}  // namespace assay
