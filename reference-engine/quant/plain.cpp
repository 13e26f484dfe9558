// F32, F16 and BF16: one value after the other, no blocks.
//   F32   4 bytes, IEEE binary32, 32 bits per weight
//   F16   2 bytes, IEEE binary16, 16 bits per weight; encode rounds to nearest, ties to even
//   BF16  2 bytes, upper half of binary32, 16 bits per weight; encode rounds to nearest, ties to
//         even
#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

struct F32 {
  using Stored = float;
  static float decode(float stored) { return stored; }
  static float encode(float value) { return value; }
};
struct F16 {
  using Stored = std::uint16_t;
  static float decode(std::uint16_t stored) { return f16_to_f32(stored); }
  static std::uint16_t encode(float value) { return f32_to_f16(value); }
};
struct Bf16 {
  using Stored = std::uint16_t;
  static float decode(std::uint16_t stored) { return bf16_to_f32(stored); }
  static std::uint16_t encode(float value) { return f32_to_bf16(value); }
};

template <typename Format>
void decode(const std::byte* row, std::size_t k, float* out) {
  for (std::size_t i = 0; i < k; ++i) {
    out[i] = Format::decode(load_block<typename Format::Stored>(row, i));
  }
}

template <typename Format>
void encode(const float* values, std::size_t k, std::byte* row) {
  for (std::size_t i = 0; i < k; ++i) store_block(row, i, Format::encode(values[i]));
}

template <typename Format>
double dot(const std::byte* row, const Q8Columns*, const F32Columns* f32, std::size_t column) {
  const float* values = f32->values + column * f32->k;
  double sum = 0.0;
  for (std::size_t i = 0; i < f32->k; ++i) {
    const float weight = Format::decode(load_block<typename Format::Stored>(row, i));
    sum += static_cast<double>(weight) * static_cast<double>(values[i]);
  }
  return sum;
}

/// Uniform within +-sqrt(3) * deviation.
template <typename Format>
void fill_random(std::uint64_t seed, float deviation, std::size_t k, std::byte* row) {
  RandomBits random(seed);
  const float step = deviation * 1.7320508F / 32768.0F;
  for (std::size_t i = 0; i < k; i += 4) {
    std::uint64_t bits = random.next();
    for (std::size_t j = i; j < i + 4 && j < k; ++j, bits >>= 16) {
      const auto code = static_cast<std::int16_t>(bits & 0xFFFFU);
      store_block(row, j, Format::encode((static_cast<float>(code) + 0.5F) * step));
    }
  }
}

}  // namespace

constinit const FormatDefinition k_f32_definition{
    WeightFormat::f32, false, {}, decode<F32>, encode<F32>, fill_random<F32>, nullptr, dot<F32>};
constinit const FormatDefinition k_f16_definition{
    WeightFormat::f16, false, {}, decode<F16>, encode<F16>, fill_random<F16>, nullptr, dot<F16>};
constinit const FormatDefinition k_bf16_definition{
    WeightFormat::bf16, false,   {},       decode<Bf16>, encode<Bf16>,
    fill_random<Bf16>,  nullptr, dot<Bf16>};

}  // namespace assay
