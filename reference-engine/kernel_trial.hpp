#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "reference-engine/kernel_table.hpp"
#include "reference-engine/thread_pool.hpp"
#include "reference-engine/weight_format.hpp"

namespace assay {

/// Products of one weight format as the engine makes them, over memory that is no model's, so that
/// its kernels can be measured.
struct KernelTrial {
  WeightFormat format;
  double work = 0.0;  // of one pass: bytes of weights, or operations
  std::function<void()> pass;
};

/// Steps of decode, for every format of the table: one column times all the matrices of 8192 x 2048
/// that the memory holds; none for a format of which it does not hold one. Bytes of `memory` are
/// taken for panels as they are; none may stand for a value that is not finite. The table, the
/// memory and the pool must outlive the trials, which share their inputs: one at a time.
std::vector<KernelTrial> decode_trials(const KernelTable& table, std::span<const std::byte> memory,
                                       ThreadPool& pool);
/// The same for prompts: 256 columns times one matrix of 2048 x 2048.
std::vector<KernelTrial> prefill_trials(const KernelTable& table, std::span<const std::byte> memory,
                                        ThreadPool& pool);

/// Attention of a step of decode in one layer: `group` queries for each K/V head of 128 values in
/// F16, 1024 positions a head, as many heads as the memory holds.
struct AttentionTrial {
  static constexpr std::size_t k_dim = 128;
  double bytes = 0.0;      // of keys and values that a pass reads
  double positions = 0.0;  // of all heads
  std::function<void()> pass;
};
AttentionTrial attention_trial(const KernelTable& table, std::span<const std::byte> memory,
                               std::uint32_t group, ThreadPool& pool);

}  // namespace assay
