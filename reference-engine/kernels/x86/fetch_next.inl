// Asking for weights ahead of use.
#pragma once

#include <immintrin.h>

#include <cstddef>

namespace assay {
namespace {

/// Asks for one of `parts` parts of the large block of `bytes` bytes that follows `block`, where
/// the processor gains by it (FormatKernels::fetch_ahead). Formats of small blocks never did.
template <std::size_t bytes, std::size_t parts>
[[gnu::always_inline]] inline void fetch_next(bool ahead, const std::byte* block,
                                              std::size_t part) {
  if (!ahead) return;
  constexpr std::size_t k_lines = (bytes + 63) / 64;
  const auto* next = reinterpret_cast<const char*>(block + bytes);
#pragma GCC unroll 16
  for (std::size_t i = part * k_lines / parts; i < (part + 1) * k_lines / parts; ++i) {
    _mm_prefetch(next + i * 64, _MM_HINT_T0);
  }
}

}  // namespace
}  // namespace assay
