#include "reference-engine/synthetic/random_rows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numbers>

#include "reference-engine/synthetic/random.hpp"

namespace assay {
namespace {

/// How the values of random bytes spread: `deviation` of them under a scale of 1, where the scale
/// stands in a block, and the ratio of the scale of the minimums to it that makes the mean zero.
struct BlockScale {
  WeightFormat format;
  std::uint32_t offset;
  float deviation;
  float minimum_ratio;  // 0: the format has no minimums
};

// Uniform codes of n values have deviation sqrt((n^2 - 1) / 12). With u6 sub-scales s and minimums
// m (mean 31.5, mean square 1333.5, variance 341.25) and codes q of mean c: the mean of s q - c m
// is 0, its variance 1333.5 E[q^2] - (31.5 c)^2 + 341.25 c^2.
constexpr std::array k_block_scales{
    BlockScale{WeightFormat::q4_0, 0, 4.61F, 0.0F},      // q - 8, q in 0..15
    BlockScale{WeightFormat::q8_0, 0, 73.9F, 0.0F},      // -128..127
    BlockScale{WeightFormat::q4_k, 0, 257.0F, 7.5F},     // E[q^2] = 77.5
    BlockScale{WeightFormat::q5_k, 0, 526.0F, 15.5F},    // E[q^2] = 325.5
    BlockScale{WeightFormat::q6_k, 208, 1366.0F, 0.0F},  // int8 sub-scale 73.9 * (q - 32) 18.5
};

const BlockScale* block_scale(WeightFormat format) {
  const auto* found = std::find_if(k_block_scales.begin(), k_block_scales.end(),
                                   [&](const BlockScale& row) { return row.format == format; });
  return found == k_block_scales.end() ? nullptr : found;
}

void put_half(const KernelTable& kernels, float value, std::byte* to) {
  std::uint16_t half = 0;
  kernels.f32_to_f16(&value, &half, 1);
  std::memcpy(to, &half, sizeof half);
}

/// Turns nibbles of 0 into 8: codes of Q4_0, which stand for q - 8, then have a mean of zero.
std::uint64_t without_zero_nibbles(std::uint64_t bits) {
  const std::uint64_t any = bits | (bits >> 1U) | (bits >> 2U) | (bits >> 3U);
  return bits | ((~any & 0x1111111111111111ULL) << 3U);
}

void random_blocks(const KernelTable& kernels, const BlockScale& scale, float deviation,
                   SplitMix64& random, std::span<std::byte> row) {
  const bool balance = scale.format == WeightFormat::q4_0;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= row.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t bits = random.next();
    if (balance) bits = without_zero_nibbles(bits);
    std::memcpy(row.data() + at, &bits, sizeof bits);
  }
  const std::uint64_t bits = random.next();
  std::memcpy(row.data() + at, &bits, row.size() - at);

  std::array<std::byte, 4> scales{};
  put_half(kernels, deviation / scale.deviation, scales.data());
  put_half(kernels, deviation / scale.deviation * scale.minimum_ratio, scales.data() + 2);
  const std::size_t size = scale.minimum_ratio > 0.0F ? 4 : 2;
  const std::size_t block = block_shape(scale.format)->bytes;
  for (std::size_t b = 0; b < row.size(); b += block) {
    std::memcpy(row.data() + b + scale.offset, scales.data(), size);
  }
}

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

bool can_randomise(WeightFormat format) {
  return is_plain(format) || block_scale(format) != nullptr;
}

void random_row(const KernelTable& kernels, WeightFormat format, float deviation,
                std::uint64_t seed, std::span<std::byte> row) {
  SplitMix64 random(seed);
  if (is_plain(format)) {
    random_plain(kernels, format, deviation, random, row);
  } else {
    random_blocks(kernels, *block_scale(format), deviation, random, row);
  }
}

}  // namespace assay
