#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace assay {

/// Block number `index` of a row. Rows come from files at any alignment: the block is copied.
template <typename Block>
Block load_block(const std::byte* row, std::size_t index) {
  Block block;
  std::memcpy(&block, row + index * sizeof(Block), sizeof(Block));
  return block;
}

template <typename Block>
void store_block(std::byte* row, std::size_t index, const Block& block) {
  std::memcpy(row + index * sizeof(Block), &block, sizeof(Block));
}

/// The exact sum of count products of integer weights and codes.
template <typename Weight>
std::int32_t integer_dot(const Weight* weights, const std::int8_t* codes, std::size_t count) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::int32_t{weights[i]} * std::int32_t{codes[i]};
  return sum;
}

inline std::int32_t integer_sum(const std::int8_t* codes, std::size_t count) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += codes[i];
  return sum;
}

/// Nearest integer, halves away from zero, held within [low, high]; 0 for what is not a number.
inline int rounded_within(float value, int low, int high) {
  const float nearest = std::round(value);
  if (!(nearest > static_cast<float>(low))) return std::isnan(value) ? 0 : low;
  return nearest < static_cast<float>(high) ? static_cast<int>(nearest) : high;
}

/// Well mixed bits from a counter: splitmix64 (Steele, Lea, Flood 2014).
class RandomBits {
 public:
  explicit RandomBits(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  /// Fills with random bytes.
  void fill(void* bytes, std::size_t count) {
    auto* to = static_cast<std::byte*>(bytes);
    for (std::size_t i = 0; i < count; i += sizeof(std::uint64_t)) {
      const std::uint64_t word = next();
      std::memcpy(to + i, &word, count - i < sizeof(word) ? count - i : sizeof(word));
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace assay
