// The model of the tile instruction of AMX-BF16, on sums worked out by hand from the manual's
// definition. What it computes is what the kernels' tests rest on.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "reference-engine/kernels/x86_amx/tile_model.inl"

namespace assay {
namespace {

/// Tile 0: one sum. Tile 4: two pairs of a column. Tile 6: those of a row.
float product(float sum, const std::array<std::uint16_t, 4>& column,
              const std::array<std::uint16_t, 4>& row) {
  std::array<std::uint8_t, 64> shapes{1};
  const auto shape = [&](std::size_t tile, std::uint8_t row_bytes, std::uint8_t rows) {
    shapes[16 + 2 * tile] = row_bytes;
    shapes[48 + tile] = rows;
  };
  shape(0, 4, 1);
  shape(4, 8, 1);
  shape(6, 4, 2);
  modelled_loadconfig(shapes.data());
  modelled_loadd(0, &sum, sizeof(sum));
  modelled_loadd(4, column.data(), 8);
  modelled_loadd(6, row.data(), 4);
  modelled_dpbf16ps(0, 4, 6);
  modelled_stored(0, &sum, sizeof(sum));
  modelled_release();
  return sum;
}

constexpr std::uint16_t k_zero = 0x0000;
constexpr std::uint16_t k_half = 0x3F00;
constexpr std::uint16_t k_one = 0x3F80;
constexpr std::uint16_t k_two = 0x4000;
constexpr std::uint16_t k_three = 0x4040;
constexpr std::uint16_t k_large = 0x4B80;      // 2^24: one more is lost
constexpr std::uint16_t k_subnormal = 0x0040;  // 2^-127
constexpr std::uint16_t k_small = 0x0080;      // 2^-126, the smallest normal value
constexpr std::uint16_t k_huge = 0x7F00;       // 2^127
constexpr std::uint16_t k_infinity = 0x7F80;

TEST(TileModel, AddsTheProductsOfPairs) {
  EXPECT_EQ(product(10.0F, {k_one, k_two, k_three, k_two}, {k_one, k_three, k_two, k_one}), 25.0F);
}

TEST(TileModel, SumsFirstAndSecondValuesApart) {
  // 2^24 + 1 stays 2^24; 1 + 1 beside it does not.
  EXPECT_EQ(product(0.0F, {k_large, k_one, k_zero, k_one}, {k_one, k_one, k_one, k_one}),
            16777218.0F);
  EXPECT_EQ(product(0.0F, {k_large, k_zero, k_one, k_one}, {k_one, k_one, k_one, k_zero}),
            16777216.0F);
}

TEST(TileModel, AddsToTheSumLast) {
  EXPECT_EQ(product(16777216.0F, {k_one, k_one, k_zero, k_zero}, {k_one, k_one, k_zero, k_zero}),
            16777218.0F);
}

TEST(TileModel, TakesSubnormalInputsForZero) {
  EXPECT_EQ(product(1.0F, {k_subnormal}, {k_huge}), 1.0F);
  EXPECT_EQ(product(std::numeric_limits<float>::denorm_min(), {}, {}), 0.0F);
  // 0 * infinity
  EXPECT_TRUE(std::isnan(product(0.0F, {k_subnormal}, {k_infinity})));
}

TEST(TileModel, MakesSubnormalSumsZero) {
  EXPECT_EQ(product(0.0F, {k_small}, {k_half}), 0.0F);
  EXPECT_EQ(product(0.0F, {k_small}, {k_one}), std::numeric_limits<float>::min());
}

}  // namespace
}  // namespace assay
