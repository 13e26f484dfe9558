#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/ops/matmul.hpp"
#include "reference-engine/quant/activation_rounding.hpp"
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

/// Attention of four queries over 200 positions: what is not finite stays so, tiny values count.
TEST_P(KernelsOf, AttendToValuesOfAnySize) {
  constexpr std::size_t k_queries = 4;
  constexpr std::size_t k_positions = 200;
  constexpr std::size_t k_dim = 64;
  const KernelTable& table = **select_kernels(live_cpu_features(), GetParam());
  for (const CacheFormat format : all_cache_formats()) {
    const FormatDefinition& definition = *format_definition(cache_weight_format(format));
    const std::vector<float> ones(k_positions * k_dim, 1.0F);
    std::vector<std::byte> rows(k_positions * cache_row_bytes(format, k_dim));
    definition.encode(ones.data(), ones.size(), rows.data());
    const CacheKernels& kernels = table.cache[static_cast<std::size_t>(format)];
    const CacheRows cache{rows.data(), k_positions, k_dim, kernels.fetch_ahead};
    for (const float value : {INFINITY, NAN, 0.0F, 1e-30F, 1e30F}) {
      std::vector<float> q(k_queries * k_dim, 0.5F);
      q[k_dim + 3] = value;
      std::vector<float> scores(k_queries * k_positions);
      kernels.scores(q.data(), k_queries, cache, scores.data(), k_positions);
      std::vector<float> weights(k_queries * k_positions, 0.01F);
      std::fill_n(weights.begin() + k_positions, k_positions, value);
      std::vector<float> out(k_queries * k_dim, 0.0F);
      kernels.mix(weights.data(), k_queries, k_positions, cache, out.data());
      const float score = 0.5F * (k_dim - 1) + value;
      EXPECT_NEAR(scores[0], 0.5F * k_dim, 1e-2) << cache_format_name(format);
      EXPECT_NEAR(out[0], 0.01F * k_positions, 1e-3) << cache_format_name(format);
      if (!std::isfinite(value)) {
        EXPECT_FALSE(std::isfinite(scores[k_positions])) << cache_format_name(format);
        EXPECT_FALSE(std::isfinite(out[k_dim])) << cache_format_name(format);
      } else {
        // Q8_0 holds 1 as 127 times 1 / 127 in binary16, which rounds by up to 2^-11.
        EXPECT_NEAR(scores[k_positions] / score, 1.0, 1e-3) << cache_format_name(format);
        const float sum = value * k_positions;
        EXPECT_LE(std::abs(out[k_dim] - sum), 1e-3F * sum) << cache_format_name(format);
      }
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

/// The tables of native numerics that this processor has, none on most.
std::vector<const KernelTable*> native_tables() {
  std::vector<const KernelTable*> tables;
  for (const std::string& isa : available_isas(live_cpu_features())) {
    const auto table = select_kernels(live_cpu_features(), isa, Numerics::native);
    if (table) tables.push_back(*table);
  }
  return tables;
}

class NativeKernelsOf : public testing::TestWithParam<const KernelTable*> {
 protected:
  /// Kernels that round their activations; the others are those of another table.
  static std::vector<const FormatKernels*> rounding_kernels() {
    std::vector<const FormatKernels*> found;
    for (const FormatKernels& kernels : GetParam()->formats) {
      if (kernels.rounding != ActivationRounding::none) found.push_back(&kernels);
    }
    return found;
  }
};

TEST_P(NativeKernelsOf, AgreeWithTheDefinitionOnRoundedActivations) {
  EXPECT_FALSE(rounding_kernels().empty());
  for (const FormatKernels* kernels : rounding_kernels()) {
    const auto checks = check_format(*GetParam(), static_cast<WeightFormat>(kernels->format));
    EXPECT_GT(checks.size(), 50U);
    for (const KernelCheck& check : checks) {
      EXPECT_TRUE(check.passed()) << check.kernel << " rows " << check.rows << " k " << check.k
                                  << " columns " << check.columns << ": NMSE " << check.nmse;
    }
  }
}

/// 64 random rows times columns that are given.
class SomeRows {
 public:
  static constexpr std::size_t k_rows = 64;

  SomeRows(const FormatKernels& kernels, std::size_t k)
      : definition_(*format_definition(static_cast<WeightFormat>(kernels.format))),
        matrix_{&kernels, nullptr, k_rows, k, 1},
        row_bytes_(row_bytes(definition_.format, k)),
        stored_(k_rows * row_bytes_) {
    for (std::size_t r = 0; r < k_rows; ++r) {
      definition_.fill_random(r + 1, 0.02F, k, stored_.data() + r * row_bytes_);
    }
    panels_.resize(matrix_.panel_count() * matrix_.panel_bytes());
    for (std::size_t p = 0; p < matrix_.panel_count(); ++p) {
      kernels.pack(stored_.data() + p * kernels.panel_rows * row_bytes_, kernels.panel_rows, k,
                   panels_.data() + p * matrix_.panel_bytes());
    }
    matrix_.panels = panels_.data();
  }

  /// Shapes: x [columns, k], result [columns, k_rows].
  std::vector<float> times(const std::vector<float>& x) {
    const std::size_t columns = x.size() / matrix_.columns;
    std::vector<float> out(columns * k_rows);
    ThreadPool pool(1);
    const Product product{&matrix_, 0,          {{}, {x.data(), matrix_.columns}},
                          columns,  out.data(), k_rows};
    multiply(pool, {&product, 1});
    return out;
  }

  double exact(std::size_t row, const std::vector<float>& x, std::size_t column) {
    const F32Columns columns{x.data(), matrix_.columns};
    return definition_.dot(stored_.data() + row * row_bytes_, nullptr, &columns, column);
  }

 private:
  const FormatDefinition& definition_;
  PackedMatrix matrix_;
  std::size_t row_bytes_;
  std::vector<std::byte> stored_;
  std::vector<std::byte> panels_;
};

/// Far below and above what binary16 can hold (6e-8 and 65504), and any two of them side by side.
TEST_P(NativeKernelsOf, TakeActivationsOfAnySize) {
  constexpr std::size_t k_width = 600;
  constexpr float k_sizes[] = {1e-30F, 1e-9F, 1e-5F, 1.0F, 65519.0F, 1e6F, 1e30F, 3e38F};
  constexpr std::size_t k_columns = std::size(k_sizes);
  std::vector<float> x(k_columns * k_width);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto part = static_cast<float>(i * 37 % 101) / 50.0F - 1.0F;
    x[i] = k_sizes[i / k_width] * part;
  }
  for (const FormatKernels* kernels : rounding_kernels()) {
    SomeRows rows(*kernels, k_width);
    const std::vector<float> many = rows.times(x);
    for (std::size_t c = 0; c < k_columns; ++c) {
      std::vector<float> column(x.begin() + static_cast<std::ptrdiff_t>(c * k_width),
                                x.begin() + static_cast<std::ptrdiff_t>((c + 1) * k_width));
      const std::vector<float> one = rows.times(column);
      round_activations(kernels->rounding, column);
      double error = 0.0;
      double power = 0.0;
      for (std::size_t r = 0; r < SomeRows::k_rows; ++r) {
        const double exact = rows.exact(r, column, 0);
        error += std::pow(static_cast<double>(many[c * SomeRows::k_rows + r]) - exact, 2) +
                 std::pow(static_cast<double>(one[r]) - exact, 2);
        power += exact * exact;
      }
      EXPECT_LE(error, 2e-10 * power) << kernels->format << " " << k_sizes[c];
    }
  }
}

TEST_P(NativeKernelsOf, HideNoActivationThatIsNotFinite) {
  constexpr std::size_t k_width = 600;
  for (const FormatKernels* kernels : rounding_kernels()) {
    SomeRows rows(*kernels, k_width);
    for (const float bad : {INFINITY, -INFINITY, NAN}) {
      std::vector<float> x(2 * k_width, 1.0F);
      x[300] = bad;
      const std::vector<float> out = rows.times(x);
      for (std::size_t r = 0; r < SomeRows::k_rows; ++r) {
        EXPECT_FALSE(std::isfinite(out[r])) << kernels->format << " " << bad;
        EXPECT_TRUE(std::isfinite(out[SomeRows::k_rows + r])) << kernels->format << " " << bad;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Available, NativeKernelsOf, testing::ValuesIn(native_tables()),
                         [](const auto& table) {
                           std::string name = table.param->isa;
                           std::replace(name.begin(), name.end(), '+', '_');
                           return name;
                         });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NativeKernelsOf);

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
  const LiveCpuFeatures tiles{
      .avx2_fma_f16c = true, .avx512_vnni = true, .avx512_bf16 = true, .amx = true};
  EXPECT_THAT(available_isas(tiles), testing::ElementsAre("amx", "avx512", "avx2", "scalar"));
}

TEST(KernelSelection, NativeNumericsIsAModeOfTheTablesThatHaveIt) {
  const LiveCpuFeatures features{.avx2_fma_f16c = true, .avx512_vnni = true, .avx512_bf16 = true};
  const auto best = select_kernels(features, {}, Numerics::native);
  ASSERT_TRUE(best) << best.error().text();
  EXPECT_STREQ((*best)->isa, "avx512_bf16");
  EXPECT_EQ(format_kernels(**best, WeightFormat::bf16)->rounding, ActivationRounding::bf16);
  EXPECT_EQ(format_kernels(**best, WeightFormat::f16)->rounding, ActivationRounding::none);
  const KernelTable& exact = **select_kernels(features);
  EXPECT_STREQ(exact.isa, "avx512");
  EXPECT_EQ(format_kernels(exact, WeightFormat::bf16)->rounding, ActivationRounding::none);
  LiveCpuFeatures with_tiles = features;
  with_tiles.amx = true;
  const KernelTable& tiled = **select_kernels(with_tiles, {}, Numerics::native);
  EXPECT_STREQ(tiled.isa, "amx_bf16");
  const FormatKernels& by_tiles = *format_kernels(tiled, WeightFormat::bf16);
  const FormatKernels& by_vectors = *format_kernels(**best, WeightFormat::bf16);
  EXPECT_EQ(by_tiles.rounding, ActivationRounding::bf16);
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

TEST(KernelSelection, NativeNumericsMeasuresItsProducts) {
  for (const std::string& isa : available_isas(live_cpu_features())) {
    const auto native = select_kernels(live_cpu_features(), isa, Numerics::native);
    if (!native) continue;
    ASSERT_NE((*native)->bf16_loop, nullptr) << isa;
    EXPECT_GT((*native)->bf16_loop(1), 0.0F);
    EXPECT_GT((*native)->bf16_flops_per_step, 0.0);
  }
}
#elif defined(__aarch64__)
TEST(KernelSelection, NativeNumericsTakesTheProductsThatThereAre) {
  const auto best = [](const LiveCpuFeatures& features, std::string_view isa = {}) {
    return std::string((*select_kernels(features, isa, Numerics::native))->isa);
  };
  LiveCpuFeatures features{.neon_dot = true, .arm_fhm = true};
  EXPECT_EQ(best(features), "neon+fhm");
  features.arm_bf16 = true;
  EXPECT_EQ(best(features), "neon+bf16+fhm");
  features.i8mm = true;
  EXPECT_EQ(best(features), "i8mm+bf16+fhm");
  EXPECT_EQ(best(features, "neon"), "neon+bf16+fhm");
  features.arm_fhm = false;
  EXPECT_EQ(best(features), "i8mm+bf16");
  const KernelTable& table = **select_kernels(features, {}, Numerics::native);
  EXPECT_EQ(format_kernels(table, WeightFormat::bf16)->rounding, ActivationRounding::bf16);
  EXPECT_EQ(format_kernels(table, WeightFormat::f16)->rounding, ActivationRounding::none);
  const auto scalar = select_kernels(features, "scalar", Numerics::native);
  ASSERT_FALSE(scalar);
  EXPECT_THAT(scalar.error().message, testing::HasSubstr("--isa i8mm, neon)"));
}
#endif

TEST(KernelSelection, RefusesNativeNumericsThatTheProcessorLacks) {
  const auto table = select_kernels(LiveCpuFeatures{}, {}, Numerics::native);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::usage);
  EXPECT_THAT(table.error().message, testing::HasSubstr("AVX512-BF16"));
  EXPECT_THAT(table.error().message, testing::HasSubstr("on AArch64 BF16 or FHM"));
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
    EXPECT_EQ(table.bf16_loop, nullptr);  // native numerics alone
    const auto native = select_kernels(live_cpu_features(), isa, Numerics::native);
    if (!native) continue;
    const FormatKernels& bf16 = *format_kernels(**native, WeightFormat::bf16);
    ASSERT_EQ((*native)->bf16_loop != nullptr, bf16.rounding == ActivationRounding::bf16);
    if ((*native)->bf16_loop == nullptr) continue;
    EXPECT_GT((*native)->bf16_loop(1), 0.0F);
    EXPECT_GT((*native)->bf16_flops_per_step, 0.0);
  }
}

}  // namespace
}  // namespace assay
