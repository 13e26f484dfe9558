// How fast a core can read: cache lines of several streams, each combined with a sum of its own.
#pragma once

#include "reference-engine/kernels/panels/panels.inl"

namespace assay {
namespace {

/// What all cache lines of `streams` equal parts combine to.
template <unsigned streams>
Codes read(const std::byte* from, std::size_t bytes) {
  constexpr std::size_t k_vectors = 64 / sizeof(Codes);  // of a cache line
  const std::size_t part = bytes / streams;
  Codes sums[streams][2];
#pragma GCC unroll 8
  for (auto& sum : sums) sum[0] = sum[1] = each(0);
  for (std::size_t i = 0; i < part; i += 64) {
#pragma GCC unroll 8
    for (unsigned s = 0; s < streams; ++s) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < k_vectors; ++v) {
        sums[s][v % 2] = flip(sums[s][v % 2], load(from + s * part + i + v * sizeof(Codes)));
      }
    }
  }
  Codes combined = each(0);
#pragma GCC unroll 8
  for (auto& sum : sums) combined = flip(combined, flip(sum[0], sum[1]));
  return combined;
}

std::uint64_t read_stream(const std::byte* from, std::size_t bytes, unsigned streams) {
  Codes combined;
  switch (streams) {
    case 8:
      combined = read<8>(from, bytes);
      break;
    case 4:
      combined = read<4>(from, bytes);
      break;
    case 2:
      combined = read<2>(from, bytes);
      break;
    default:
      combined = read<1>(from, bytes);
      break;
  }
  std::uint64_t words[sizeof(Codes) / 8];
  store(words, combined);
  std::uint64_t result = 0;
  for (const std::uint64_t word : words) result ^= word;
  return result;
}

}  // namespace
}  // namespace assay
