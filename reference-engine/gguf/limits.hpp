#pragma once

#include <cstdint>

namespace assay {

// What the reader accepts and the writer writes: the format's own limits where it has one (a key's
// 65,535 bytes, the name and dimensions of a tensor), else far above every real file and low enough
// to bound the time and memory that a bad one can take.
inline constexpr std::uint64_t k_longest_text = std::uint64_t{16} << 20;
inline constexpr std::uint64_t k_longest_array = std::uint64_t{16} << 20;
inline constexpr std::uint64_t k_largest_header = std::uint64_t{128} << 20;
inline constexpr std::uint64_t k_longest_key = 65535;
inline constexpr std::uint64_t k_most_keys = 65536;
inline constexpr std::uint64_t k_most_tensors = 65536;
inline constexpr std::uint64_t k_largest_alignment = std::uint64_t{1} << 20;
inline constexpr std::uint64_t k_usual_alignment = 32;  // without general.alignment
inline constexpr std::uint64_t k_longest_tensor_name = 64;
inline constexpr std::uint32_t k_most_dims = 4;

}  // namespace assay
