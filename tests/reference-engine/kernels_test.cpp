#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/ops/matmul.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/verification.hpp"

namespace assay {
namespace {

class KernelsOf : public testing::TestWithParam<std::string> {};

TEST_P(KernelsOf, AgreeWithTheDefinition) {
  const auto table = select_kernels(live_cpu_features(), GetParam());
  ASSERT_TRUE(table) << table.error().text();
  const std::vector<KernelCheck> checks = check_all_kernels(**table);
  EXPECT_GT(checks.size(), 500U);
  for (const KernelCheck& check : checks) {
    EXPECT_TRUE(check.passed()) << check.isa << " " << check.kernel << " rows " << check.rows
                                << " k " << check.k << " columns " << check.columns << ": NMSE "
                                << check.nmse << " (at most " << check.bound << ")";
  }
}

/// With the instructions themselves, where this processor has them.
TEST_P(KernelsOf, AgreeWithTheDefinitionOfNativeNumerics) {
  const auto table = select_kernels(live_cpu_features(), GetParam(), Numerics::native);
  if (!table) return;
  for (const std::uint64_t columns : {1U, 2U, 31U, 32U, 33U, 77U, 300U}) {
    for (const std::uint64_t k : {1U, 30U, 32U, 33U, 257U, 300U, 512U}) {
      const KernelCheck check = check_multiply(**table, {WeightFormat::bf16, 37, k, columns});
      EXPECT_TRUE(check.passed()) << check.isa << " k " << k << " columns " << columns << ": NMSE "
                                  << check.nmse;
    }
  }
}

/// The product of 40 rows of arbitrary bits, or of zeros, with 7 columns.
std::vector<float> product_of(const KernelTable& table, WeightFormat format, bool zeros) {
  constexpr std::size_t k_rows = 40;
  constexpr std::size_t k_width = 512;
  constexpr std::size_t k_columns = 7;
  const FormatKernels& kernels = *format_kernels(table, format);
  PackedMatrix matrix{&kernels, nullptr, k_rows, k_width, 1};
  std::vector<std::byte> stored(k_rows * row_bytes(format, k_width));
  // 32-bit words of a linear congruential generator: every kind of scale occurs, NaN included.
  std::uint32_t word = 1;
  for (std::byte& byte : stored) {
    word = word * 1664525U + 1013904223U;
    byte = zeros ? std::byte{0} : static_cast<std::byte>(word >> 24);
  }
  std::vector<std::byte> panels(matrix.panel_count() * matrix.panel_bytes());
  for (std::size_t p = 0; p < matrix.panel_count(); ++p) {
    const std::size_t first = p * kernels.panel_rows;
    kernels.pack(stored.data() + first * row_bytes(format, k_width),
                 std::min<std::size_t>(kernels.panel_rows, k_rows - first), k_width,
                 panels.data() + p * matrix.panel_bytes());
  }
  matrix.panels = panels.data();
  const std::vector<float> values(k_columns * k_width, 1.0F);
  const std::vector<std::int8_t> codes(k_columns * k_width, 127);
  const std::vector<float> scales(k_columns * k_width / 32, 1.0F / 127.0F);
  const std::vector<std::int16_t> sums(k_columns * k_width / 16, 16 * 127);
  const Activations x{{codes.data(), scales.data(), sums.data(), k_width},
                      {values.data(), k_width}};
  std::vector<float> out(k_rows * k_columns, -1.0F);
  ThreadPool pool(1);
  for (const std::size_t columns : {std::size_t{1}, k_columns}) {
    const Product product{&matrix, 0, x, columns, out.data(), k_rows};
    multiply(pool, {&product, 1});
  }
  return out;
}

TEST_P(KernelsOf, TakeAnyBitsAsWeights) {
  const KernelTable& table = **select_kernels(live_cpu_features(), GetParam());
  const KernelTable& scalar = **select_kernels(live_cpu_features(), "scalar");
  for (const BlockShape& shape : block_shapes()) {
    if (format_kernels(table, shape.format) == nullptr) continue;
    const std::vector<float> out = product_of(table, shape.format, false);
    const std::vector<float> exact = product_of(scalar, shape.format, false);
    // Float32 sums of plain values may overflow where the definition's float64 sums do not.
    const bool comparable = format_kernels(table, shape.format)->takes_q8;
    for (std::size_t i = 0; comparable && i < out.size(); ++i) {
      EXPECT_EQ(std::isfinite(out[i]), std::isfinite(exact[i])) << shape.name << " " << i;
    }
    for (const float value : product_of(table, shape.format, true)) ASSERT_EQ(value, 0.0F);
  }
}

INSTANTIATE_TEST_SUITE_P(AvailableIsas, KernelsOf,
                         testing::ValuesIn(available_isas(live_cpu_features())),
                         [](const auto& isa) { return isa.param; });

TEST(KernelSelection, TakesTheBestIsaWhenNoneIsNamed) {
  const auto best = select_kernels(live_cpu_features());
  ASSERT_TRUE(best);
  EXPECT_EQ((*best)->isa, available_isas(live_cpu_features()).front());
}

TEST(KernelSelection, RefusesAnUnknownIsaAndNamesTheAllowedOnes) {
  const auto table = select_kernels(live_cpu_features(), "avx3");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::usage);
  EXPECT_THAT(table.error().message, testing::HasSubstr("avx3"));
  EXPECT_THAT(table.error().message, testing::HasSubstr("scalar"));
}

TEST(KernelSelection, RefusesAnIsaThatTheProcessorLacks) {
  EXPECT_FALSE(select_kernels(LiveCpuFeatures{}, "avx2"));
  EXPECT_THAT(available_isas(LiveCpuFeatures{}), testing::ElementsAre("scalar"));
}

#if defined(__x86_64__)
TEST(KernelSelection, PrefersTheWiderInstructions) {
  const LiveCpuFeatures client{.avx2_fma_f16c = true, .avx_vnni = true};
  EXPECT_THAT(available_isas(client), testing::ElementsAre("avxvnni", "avx2", "scalar"));
  const LiveCpuFeatures both{.avx2_fma_f16c = true, .avx_vnni = true, .avx512_vnni = true};
  EXPECT_THAT(available_isas(both), testing::ElementsAre("avx512", "avxvnni", "avx2", "scalar"));
  const LiveCpuFeatures tiles{.avx2_fma_f16c = true, .avx512_vnni = true, .amx_int8 = true};
  EXPECT_THAT(available_isas(tiles), testing::ElementsAre("amx", "avx512", "avx2", "scalar"));
}

TEST(KernelSelection, NativeNumericsIsAModeOfTheTablesThatHaveIt) {
  const LiveCpuFeatures features{.avx2_fma_f16c = true, .avx512_vnni = true, .avx512_bf16 = true};
  const auto best = select_kernels(features, {}, Numerics::native);
  ASSERT_TRUE(best) << best.error().text();
  EXPECT_STREQ((*best)->isa, "avx512_bf16");
  EXPECT_TRUE(format_kernels(**best, WeightFormat::bf16)->rounds_to_bf16);
  EXPECT_FALSE(format_kernels(**best, WeightFormat::f16)->rounds_to_bf16);
  const KernelTable& exact = **select_kernels(features);
  EXPECT_STREQ(exact.isa, "avx512");
  EXPECT_FALSE(format_kernels(exact, WeightFormat::bf16)->rounds_to_bf16);
  LiveCpuFeatures with_tiles = features;
  with_tiles.amx_int8 = true;
  EXPECT_STREQ((*select_kernels(with_tiles, {}, Numerics::native))->isa, "amx+avx512_bf16");
  EXPECT_STREQ((*select_kernels(with_tiles, "avx512", Numerics::native))->isa, "avx512_bf16");
  with_tiles.amx_bf16 = true;
  const KernelTable& tiled = **select_kernels(with_tiles, {}, Numerics::native);
  EXPECT_STREQ(tiled.isa, "amx_bf16");
  const FormatKernels& by_tiles = *format_kernels(tiled, WeightFormat::bf16);
  const FormatKernels& by_vectors = *format_kernels(**best, WeightFormat::bf16);
  EXPECT_TRUE(by_tiles.rounds_to_bf16);
  EXPECT_NE(by_tiles.multiply, by_vectors.multiply);
  EXPECT_EQ(by_tiles.multiply_streams, by_vectors.multiply_streams);  // one column at a time
  EXPECT_EQ(by_tiles.pack, by_vectors.pack);
  EXPECT_STREQ((*select_kernels(with_tiles, "amx", Numerics::native))->isa, "amx_bf16");
  EXPECT_STREQ((*select_kernels(with_tiles, "avx512", Numerics::native))->isa, "avx512_bf16");
  EXPECT_STREQ((*select_kernels(with_tiles))->isa, "amx");
  const auto narrow = select_kernels(features, "avx2", Numerics::native);
  ASSERT_FALSE(narrow);
  EXPECT_THAT(narrow.error().message, testing::HasSubstr("(expected --isa avx512)"));
  const auto none = select_kernels(with_tiles, "avx2", Numerics::native);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, testing::HasSubstr("(expected --isa amx, avx512)"));
}
#endif

TEST(KernelSelection, RefusesNativeNumericsThatTheProcessorLacks) {
  const auto table = select_kernels(LiveCpuFeatures{}, {}, Numerics::native);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::usage);
  EXPECT_THAT(table.error().message, testing::HasSubstr("AVX512-BF16"));
}

TEST(KernelSelection, NumericsHaveNames) {
  for (const Numerics numerics : {Numerics::exact, Numerics::native}) {
    const auto named = numerics_of_name(numerics_name(numerics));
    ASSERT_TRUE(named);
    EXPECT_EQ(*named, numerics);
  }
  EXPECT_FALSE(numerics_of_name("fast"));
}

TEST(KernelSelection, EveryTableIsComplete) {
  for (const std::string& isa : available_isas(live_cpu_features())) {
    const KernelTable& table = **select_kernels(live_cpu_features(), isa);
    for (const FormatDefinition& definition : format_definitions()) {
      const WeightFormat format = definition.format;
      const FormatKernels* kernels = format_kernels(table, format);
      ASSERT_NE(kernels, nullptr) << isa << " " << format_name(format);
      EXPECT_NE(kernels->pack, nullptr);
      EXPECT_NE(kernels->decode_row, nullptr);
      EXPECT_NE(kernels->multiply, nullptr);
      EXPECT_NE(kernels->multiply_streams, nullptr);
    }
    EXPECT_EQ(format_kernels(table, WeightFormat::q8_k), nullptr);
    EXPECT_GT(table.fma_flops_per_step, 0.0);
    EXPECT_GT(table.int8_ops_per_step, 0.0);
    EXPECT_EQ(table.bf16_loop, nullptr);
    const auto native = select_kernels(live_cpu_features(), isa, Numerics::native);
    if (!native) continue;
    ASSERT_NE((*native)->bf16_loop, nullptr);
    EXPECT_GT((*native)->bf16_loop(1), 0.0F);
    EXPECT_GT((*native)->bf16_flops_per_step, 0.0);
  }
}

}  // namespace
}  // namespace assay
