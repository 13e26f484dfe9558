#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/result.hpp"
#include "reference-engine/runtime/model_weights.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

/// Consecutive rows of one expert of one tensor, as they stand in a file.
struct RowRange {
  std::size_t placement;  // index in the layout
  std::uint64_t expert;
  std::uint64_t first;  // row of the expert, as the file counts
  std::uint64_t count;
};

/// Writes the rows as in a file. Called from several threads at once.
using RowSource = std::function<Result<void>(const RowRange& rows, std::span<std::byte> into)>;

/// All rows of the layout, in ranges of about a MiB that `fill_weights` packs one by one.
std::vector<RowRange> row_ranges(const WeightLayout& layout);

/// Takes the ranges from `source` in their order, all threads of the pool at once, each with a
/// buffer of its own, and packs them in their places. Errors: the first that `source` gave;
/// interrupted.
Result<void> fill_weights(const WeightLayout& layout, std::span<const RowRange> ranges,
                          ThreadPool& pool, const RowSource& source, const std::stop_token& stop);

}  // namespace assay
