#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/thread_pool.hpp"
#include "workloads/bench.hpp"
#include "workloads/run_result.hpp"

namespace assay {

struct QualityOptions {
  std::filesystem::path model;
  std::filesystem::path reference;
  std::optional<std::string> text;      // absent: tokens that the reference generates
  std::string text_name;                // of the file that the text came from
  std::uint32_t context = 512;          // tokens of a chunk; the trained context if that is less
  std::optional<std::uint32_t> chunks;  // most of them; absent: all of a text, 8 generated ones
  std::uint64_t seed = 1;
  CacheFormat cache = CacheFormat::f16;
  std::optional<Bytes> usable_memory;
};

/// Runs both models over the same tokens, chunk by chunk, each chunk from an empty context, and
/// compares their logits over its second half. The run that is returned has no speeds, but a
/// quality. Errors: refused_input (a broken file, two vocabularies, a text that is too short or
/// cannot be read for want of a tokenizer), does_not_fit (both models are in memory at once),
/// invalid_result (logits that are not finite), interrupted.
Result<RunResult> run_quality(const QualityOptions& options, const KernelTable& kernels,
                              ThreadPool& pool, const Progress& progress,
                              const std::stop_token& stop);

}  // namespace assay
