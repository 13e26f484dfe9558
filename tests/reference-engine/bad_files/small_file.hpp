#pragma once

#include <cstdint>
#include <limits>

#include "reference-engine/golden/gguf_builder.hpp"

namespace assay {

inline constexpr std::uint64_t k_2_to_32 = std::uint64_t{1} << 32U;
inline constexpr std::uint64_t k_2_to_62 = std::uint64_t{1} << 62U;
inline constexpr std::uint64_t k_2_to_63 = std::uint64_t{1} << 63U;
inline constexpr std::uint64_t k_most = std::numeric_limits<std::uint64_t>::max();

/// A right file: one key, an F32 tensor "a" of 4 x 8 values, a Q8_0 tensor "b" of 2 rows of 64.
GgufBuilder small();

}  // namespace assay
