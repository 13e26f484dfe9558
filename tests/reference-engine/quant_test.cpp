#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "reference-engine/quant/blocks.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quant/half.hpp"

namespace assay {
namespace {

using Bytes8 = std::vector<std::uint8_t>;

std::vector<float> decoded(WeightFormat format, const Bytes8& row) {
  const auto shape = *block_shape(format);
  std::vector<float> out(row.size() / shape.bytes * shape.values);
  std::vector<std::byte> bytes(row.size());
  std::memcpy(bytes.data(), row.data(), row.size());
  format_definition(format)->decode(bytes.data(), out.size(), out.data());
  return out;
}

// 1.0, 0.5 and 2.0 as binary16, low byte first.
constexpr std::uint8_t k_one[2] = {0x00, 0x3C};
constexpr std::uint8_t k_half[2] = {0x00, 0x38};
constexpr std::uint8_t k_two[2] = {0x00, 0x40};

TEST(Quant, DecodesQ80) {
  Bytes8 row(34, 0);
  row[0] = k_half[0];
  row[1] = k_half[1];
  row[2] = 127;
  row[3] = 0x80;   // -128
  row[33] = 0xFF;  // -1
  const auto out = decoded(WeightFormat::q8_0, row);
  EXPECT_EQ(out[0], 63.5F);
  EXPECT_EQ(out[1], -64.0F);
  EXPECT_EQ(out[2], 0.0F);
  EXPECT_EQ(out[31], -0.5F);
}

TEST(Quant, DecodesQ40WithLowNibblesFirst) {
  Bytes8 row(18, 0x88);  // nibble 8 is zero
  row[0] = k_two[0];
  row[1] = k_two[1];
  row[2] = 0xF0;   // value 0: -8, value 16: 7
  row[17] = 0x19;  // value 15: 1, value 31: -7
  const auto out = decoded(WeightFormat::q4_0, row);
  EXPECT_EQ(out[0], -16.0F);
  EXPECT_EQ(out[16], 14.0F);
  EXPECT_EQ(out[15], 2.0F);
  EXPECT_EQ(out[31], -14.0F);
  EXPECT_EQ(out[1], 0.0F);
}

/// The start of a Q4_K or Q5_K block: d = 1, dmin = 0.5; sub-block 1 has scale 3 and minimum 4,
/// sub-block 6 scale 0b110101 (53) and minimum 0b101001 (41).
Bytes8 k_block_start() {
  Bytes8 row(16, 0);
  row[0] = k_one[0];
  row[1] = k_one[1];
  row[2] = k_half[0];
  row[3] = k_half[1];
  row[4 + 1] = 3;
  row[4 + 5] = 4;
  row[4 + 2] = 0b11 << 6;              // upper bits of scale 6
  row[4 + 6] = 0b10 << 6;              // upper bits of minimum 6
  row[4 + 10] = 0b0101 | 0b1001 << 4;  // lower bits of both
  return row;
}

TEST(Quant, DecodesQ4KSubBlocks) {
  Bytes8 row = k_block_start();
  row.resize(144, 0);
  row[16 + 5] = 0x70;           // group 0, byte 5, high nibble: value 5 of sub-block 1
  row[16 + 3 * 32 + 9] = 0x0B;  // group 3, byte 9, low nibble: value 9 of sub-block 6
  const auto out = decoded(WeightFormat::q4_k, row);
  EXPECT_EQ(out[0], 0.0F);                          // scale and minimum 0
  EXPECT_EQ(out[32 + 5], 3.0F * 7 - 0.5F * 4);      // 19
  EXPECT_EQ(out[32 + 6], -0.5F * 4);                // code 0
  EXPECT_EQ(out[192 + 9], 53.0F * 11 - 0.5F * 41);  // 562.5
  EXPECT_EQ(out[192 + 10], -0.5F * 41);
}

TEST(Quant, DecodesQ5KWithTheFifthBitOfEachSubBlock) {
  Bytes8 row = k_block_start();
  row.resize(176, 0);
  row[16 + 5] = 1 << 1;  // value 5 of sub-block 1
  row[16 + 9] = 1 << 6;  // value 9 of sub-block 6
  row[48 + 5] = 0x70;
  row[48 + 3 * 32 + 9] = 0x0B;
  const auto out = decoded(WeightFormat::q5_k, row);
  EXPECT_EQ(out[32 + 5], 3.0F * (7 + 16) - 0.5F * 4);
  EXPECT_EQ(out[192 + 9], 53.0F * (11 + 16) - 0.5F * 41);
  EXPECT_EQ(out[192 + 5], -0.5F * 41);  // the bit of another sub-block does not count
}

TEST(Quant, DecodesQ6KHalvesAndQuarters) {
  Bytes8 row(210, 0);
  row[208] = k_half[0];
  row[209] = k_half[1];
  for (std::size_t i = 192; i < 208; ++i) row[i] = 1;
  row[192 + 1] = 3;           // values 16 .. 31
  row[192 + 8 + 7] = 0xFE;    // -2: values 240 .. 255
  row[20] = 0x05;             // value 20: low nibble 5
  row[128 + 20] = 0b10;       // and upper bits 2
  row[64 + 32 + 31] = 0xF0;   // value 255: high nibble 15
  row[128 + 32 + 31] = 0xC0;  // and upper bits 3
  const auto out = decoded(WeightFormat::q6_k, row);
  EXPECT_EQ(out[20], 0.5F * 3 * (5 + 32 - 32));
  EXPECT_EQ(out[255], 0.5F * -2 * (15 + 48 - 32));
  EXPECT_EQ(out[0], 0.5F * -32);
  EXPECT_EQ(out[128], 0.5F * -32);
}

TEST(Quant, DecodesQ41WithItsMinimum) {
  Bytes8 row(20, 0);
  row[0] = k_half[0];
  row[1] = k_half[1];
  row[2] = k_two[0];
  row[3] = k_two[1];
  row[4] = 0xF3;  // value 0: 3, value 16: 15
  const auto out = decoded(WeightFormat::q4_1, row);
  EXPECT_EQ(out[0], 0.5F * 3 + 2);
  EXPECT_EQ(out[16], 0.5F * 15 + 2);
  EXPECT_EQ(out[31], 2.0F);
}

TEST(Quant, DecodesTheFifthBitsOfQ50AndQ51) {
  Bytes8 row(22, 0);
  row[0] = k_two[0];
  row[1] = k_two[1];
  row[2] = 1 << 3;     // value 3
  row[4] = 1 << 3;     // value 19
  row[6 + 3] = 0x75;   // value 3: 5, value 19: 7
  row[6 + 15] = 0xF0;  // value 31: 15, without its fifth bit
  const auto symmetric = decoded(WeightFormat::q5_0, row);
  EXPECT_EQ(symmetric[3], 2.0F * (5 + 16 - 16));
  EXPECT_EQ(symmetric[19], 2.0F * (7 + 16 - 16));
  EXPECT_EQ(symmetric[31], 2.0F * (15 - 16));
  EXPECT_EQ(symmetric[0], 2.0F * -16);
  row.insert(row.begin() + 2, {k_half[0], k_half[1]});
  const auto affine = decoded(WeightFormat::q5_1, row);
  EXPECT_EQ(affine[3], 2.0F * (5 + 16) + 0.5F);
  EXPECT_EQ(affine[19], 2.0F * (7 + 16) + 0.5F);
  EXPECT_EQ(affine[31], 2.0F * 15 + 0.5F);
}

TEST(Quant, DecodesQ2KHalvesAndQuarters) {
  Bytes8 row(84, 0);
  row[80] = k_two[0];
  row[81] = k_two[1];
  row[82] = k_half[0];
  row[83] = k_half[1];
  row[3] = 0x5A;          // values 48 .. 63: scale 10, minimum 5
  row[15] = 0xF1;         // values 240 .. 255: scale 1, minimum 15
  row[16 + 17] = 3 << 2;  // value 32 + 17: code 3
  row[16 + 63] = 2 << 6;  // value 255: code 2
  const auto out = decoded(WeightFormat::q2_k, row);
  EXPECT_EQ(out[49], 2.0F * 10 * 3 - 0.5F * 5);
  EXPECT_EQ(out[48], -0.5F * 5);
  EXPECT_EQ(out[255], 2.0F * 1 * 2 - 0.5F * 15);
  EXPECT_EQ(out[0], 0.0F);
}

TEST(Quant, DecodesQ3KHighBitsAndScales) {
  Bytes8 row(110, 0);
  row[108] = k_half[0];
  row[109] = k_half[1];
  row[96 + 5] = 0x9C;          // lower bits of scale 5: 12, of scale 13: 9
  row[96 + 9] = 0b10 << 2;     // upper bits of scale 5: 2
  row[96 + 9] |= 0b11 << 6;    // upper bits of scale 13: 3
  row[20] = 1 << 2;            // value 84 = 20 + 32 * 2, of sub-block 5
  row[32 + 20] = 3 << 4;       // its lower bits
  row[32 + 32 + 25] = 1 << 4;  // value 217 = 128 + 64 + 25, of sub-block 13: no third bit
  const auto out = decoded(WeightFormat::q3_k, row);
  EXPECT_EQ(out[84], 0.5F * (12 + 32 - 32) * (3 + 4 - 4));
  EXPECT_EQ(out[85], 0.5F * (12 + 32 - 32) * -4);
  EXPECT_EQ(out[217], 0.5F * (9 + 48 - 32) * (1 - 4));
  EXPECT_EQ(out[0], 0.5F * -32 * -4);
}

TEST(Quant, DecodesTheCodesOfIq4NlAndIq4Xs) {
  Bytes8 row(18, 0x88);  // nibble 8 is 1
  row[0] = k_two[0];
  row[1] = k_two[1];
  row[2] = 0xF0;  // value 0: -127, value 16: 113
  const auto out = decoded(WeightFormat::iq4_nl, row);
  EXPECT_EQ(out[0], -254.0F);
  EXPECT_EQ(out[16], 226.0F);
  EXPECT_EQ(out[1], 2.0F);

  Bytes8 large(136, 0x88);
  large[0] = k_half[0];
  large[1] = k_half[1];
  large[2] = 0;
  large[3] = 0b11 << 2;      // upper bits of scale 5
  large[4 + 2] = 0x70;       // lower bits of scale 5: 7, of scale 4: 0
  large[8 + 5 * 16] = 0x2E;  // sub-block 5, value 0: code 14, value 16: code 2
  const auto values = decoded(WeightFormat::iq4_xs, large);
  EXPECT_EQ(values[160], 0.5F * (7 + 48 - 32) * 89);
  EXPECT_EQ(values[176], 0.5F * (7 + 48 - 32) * -83);
  EXPECT_EQ(values[128], 0.5F * (0 - 32) * 1);
}

TEST(Quant, DecodesMxfp4PowersOfTwo) {
  Bytes8 row(17, 0);
  row[0] = 128;   // half of 2
  row[1] = 0x97;  // value 0: 12, value 16: -1
  const auto out = decoded(WeightFormat::mxfp4, row);
  EXPECT_EQ(out[0], 12.0F);  // 6 * 2
  EXPECT_EQ(out[16], -1.0F);
  EXPECT_EQ(out[1], 0.0F);
  const auto with_exponent = [&](std::uint8_t e) {
    row[0] = e;
    return decoded(WeightFormat::mxfp4, row)[16];
  };
  EXPECT_EQ(with_exponent(0), -0x1p-128F);
  EXPECT_EQ(with_exponent(1), -0x1p-127F);
  EXPECT_EQ(with_exponent(2), -0x1p-126F);
  EXPECT_EQ(with_exponent(254), -0x1p126F);
}

TEST(Quant, ConvertsEveryHalfThereAndBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) {
      EXPECT_TRUE((half & 0x7C00) == 0x7C00 && (half & 0x3FF) != 0);
      continue;
    }
    ASSERT_EQ(f32_to_f16(value), half);
    ASSERT_EQ(std::ldexp(static_cast<float>(half & 0x3FF) + ((half & 0x7C00) != 0 ? 1024.0F : 0.0F),
                         std::max((half >> 10) & 31, 1) - 25),
              (half & 0x7C00) == 0x7C00 ? std::ldexp(1024.0F, 6) : std::fabs(value));
  }
}

TEST(Quant, RoundsHalvesToTheNearestAndTiesToEven) {
  EXPECT_EQ(f32_to_f16(1.0F + 0x1p-11F), 0x3C00);  // tie: to even
  EXPECT_EQ(f32_to_f16(1.0F + 0x3p-11F), 0x3C02);  // tie: to even
  EXPECT_EQ(f32_to_f16(1.0F + 0x1.1p-11F), 0x3C01);
  EXPECT_EQ(f32_to_f16(65519.0F), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7C00);  // infinity
  EXPECT_EQ(f32_to_f16(0x1p-25F), 0x0000);  // tie with zero
  EXPECT_EQ(f32_to_f16(0x1.2p-25F), 0x0001);
  EXPECT_EQ(f32_to_bf16(1.0F + 0x1p-8F), 0x3F80);  // tie: to even
  EXPECT_EQ(f32_to_bf16(1.0F + 0x3p-8F), 0x3F82);
}

std::vector<float> uniform(std::size_t n) {
  RandomBits random(7);
  std::vector<float> out(n);
  for (float& value : out) value = static_cast<float>(random.next() >> 40) * 0x1p-23F - 1.0F;
  return out;
}

class QuantOf : public testing::TestWithParam<WeightFormat> {};

// Uniform values in [-1, 1] have mean square 1/3. A step s leaves s^2 / 12, so that the NMSE is
// s^2 / 4: Q8_0 s = 1/127: 1.6e-5; Q4_0 s = 1/8: 4e-3; Q4_1 and Q4_K s = 2/15: 4.5e-3 (6-bit scales
// add a little); Q5_0 s = 1/16: 9.8e-4; Q5_1 and Q5_K 2/31: 1.1e-3; Q6_K 1/32: 2.5e-4; Q3_K 1/4:
// 1.6e-2; Q2_K 2/3: 0.11 (4-bit scales add a seventh at most); halves 2^-11 relative: 1e-7; BF16
// 2^-8: 5e-6. The steps of IQ4_NL and IQ4_XS are 16 / 127 on the mean, with mean square 1.3 times
// that of equal ones: 5.2e-3. MXFP4, in eighths, has steps of 0.5, 1 and 2 up to 2, 4 and 6, and
// what is above becomes 6: a quarter each of 1/48, 1/12, 1/3 and 4/3, over 64/3: 2.1e-2.
double most_nmse(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return 0.0;
    case WeightFormat::f16:
      return 1e-7;
    case WeightFormat::bf16:
      return 7e-6;
    case WeightFormat::q8_0:
      return 2e-5;
    case WeightFormat::q6_k:
      return 3e-4;
    case WeightFormat::q5_0:
    case WeightFormat::q5_1:
    case WeightFormat::q5_k:
      return 1.3e-3;
    case WeightFormat::iq4_nl:
    case WeightFormat::iq4_xs:
      return 6e-3;
    case WeightFormat::q3_k:
      return 2e-2;
    case WeightFormat::mxfp4:
      return 2.2e-2;
    case WeightFormat::q2_k:
      return 0.13;
    default:
      return 5e-3;
  }
}

TEST_P(QuantOf, KeepsUniformValuesWithinItsStep) {
  const FormatDefinition& definition = *format_definition(GetParam());
  const std::vector<float> values = uniform(4096);
  std::vector<std::byte> row(row_bytes(GetParam(), values.size()));
  std::vector<float> back(values.size());
  definition.encode(values.data(), values.size(), row.data());
  definition.decode(row.data(), values.size(), back.data());
  double error = 0.0;
  double power = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(back[i]) - static_cast<double>(values[i]), 2);
    power += std::pow(static_cast<double>(values[i]), 2);
  }
  EXPECT_LE(error / power, most_nmse(GetParam()));
}

TEST_P(QuantOf, EncodesZerosAsZeros) {
  const FormatDefinition& definition = *format_definition(GetParam());
  const std::vector<float> zeros(512, 0.0F);
  std::vector<std::byte> row(row_bytes(GetParam(), zeros.size()));
  std::vector<float> back(zeros.size(), 1.0F);
  definition.encode(zeros.data(), zeros.size(), row.data());
  definition.decode(row.data(), zeros.size(), back.data());
  EXPECT_EQ(back, zeros);
}

TEST_P(QuantOf, MultipliesWhatItDecodes) {
  const FormatDefinition& definition = *format_definition(GetParam());
  constexpr std::size_t k = 512;
  std::vector<std::byte> row(row_bytes(GetParam(), k));
  definition.fill_random(3, 0.05F, k, row.data());
  std::vector<float> weights(k);
  definition.decode(row.data(), k, weights.data());
  std::vector<std::int8_t> codes(k);
  std::vector<float> values(k);
  std::vector<std::int16_t> sums(k / 16, 0);
  const std::vector<float> scales(k / 32, 0.5F);
  double expected = 0.0;
  for (std::size_t i = 0; i < k; ++i) {
    codes[i] = static_cast<std::int8_t>(static_cast<int>(i * 37 % 255) - 127);
    values[i] = 0.5F * static_cast<float>(codes[i]);
    sums[i / 16] = static_cast<std::int16_t>(sums[i / 16] + codes[i]);
    expected += static_cast<double>(weights[i]) * static_cast<double>(values[i]);
  }
  const Q8Columns q8{codes.data(), scales.data(), sums.data(), k};
  const F32Columns f32{values.data(), k};
  const double dot = definition.dot(row.data(), &q8, &f32, 0);
  // Decoding rounds each weight to float32 (2^-24 of at most 0.2), times codes of up to 64, 512
  // times.
  EXPECT_NEAR(dot, expected, 512 * 64 * 0.2 * 0x1p-24);
}

TEST_P(QuantOf, FillsRowsOfTheWantedDeviation) {
  const FormatDefinition& definition = *format_definition(GetParam());
  constexpr std::size_t k = 16384;
  std::vector<std::byte> row(row_bytes(GetParam(), k));
  std::vector<float> values(k);
  definition.fill_random(11, 0.05F, k, row.data());
  definition.decode(row.data(), k, values.data());
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  EXPECT_NEAR(std::sqrt(squares / k) / 0.05, 1.0, 0.1);
  // 16384 draws: the mean's own deviation is 0.05 / 128, and for the offset of Q4_0 as much again.
  EXPECT_LT(std::fabs(sum / k), 5 * 0.05 / 128);
}

std::vector<WeightFormat> all_formats() {
  std::vector<WeightFormat> formats;
  for (const FormatDefinition& definition : format_definitions()) {
    formats.push_back(definition.format);
  }
  return formats;
}

INSTANTIATE_TEST_SUITE_P(Formats, QuantOf, testing::ValuesIn(all_formats()),
                         [](const auto& format) { return std::string(format_name(format.param)); });

}  // namespace
}  // namespace assay
