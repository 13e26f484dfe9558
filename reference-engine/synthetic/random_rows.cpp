#include "reference-engine/synthetic/random_rows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numbers>

#include "reference-engine/quant/definition.hpp"
#include "reference-engine/synthetic/random.hpp"

namespace assay {
namespace {

/// Uniform values, in pieces that stay in registers and the first level cache.
void random_plain(const KernelTable& kernels, WeightFormat format, float deviation,
                  SplitMix64& random, std::span<std::byte> row) {
  constexpr std::size_t k_piece = 256;
  std::array<float, k_piece> values;
  std::array<std::uint16_t, k_piece> halves;
  const std::size_t size = block_shape(format)->bytes;
  const float range = deviation * std::numbers::sqrt3_v<float>;  // uniform in +-range
  for (std::size_t at = 0; at < row.size(); at += k_piece * size) {
    const std::size_t count = std::min(k_piece, (row.size() - at) / size);
    for (std::size_t i = 0; i < count; ++i) values[i] = random.next_uniform() * range;
    if (format == WeightFormat::f32) {
      std::memcpy(row.data() + at, values.data(), count * size);
      continue;
    }
    if (format == WeightFormat::f16) {
      kernels.f32_to_f16(values.data(), halves.data(), count);
    } else {  // BF16: the upper half of float32
      for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &values[i], sizeof bits);
        halves[i] = static_cast<std::uint16_t>(bits >> 16U);
      }
    }
    std::memcpy(row.data() + at, halves.data(), count * size);
  }
}

bool is_plain(WeightFormat format) {
  return format == WeightFormat::f32 || format == WeightFormat::f16 || format == WeightFormat::bf16;
}

}  // namespace

bool can_randomise(WeightFormat format) { return format_definition(format) != nullptr; }

void random_row(const KernelTable& kernels, WeightFormat format, float deviation,
                std::uint64_t seed, std::span<std::byte> row) {
  if (is_plain(format)) {
    SplitMix64 random(seed);
    random_plain(kernels, format, deviation, random, row);
  } else {
    const BlockShape shape = *block_shape(format);
    const std::size_t k = row.size() / shape.bytes * shape.values;
    format_definition(format)->fill_random(seed, deviation, k, row.data());
  }
}

}  // namespace assay
