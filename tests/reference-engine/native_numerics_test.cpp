// `--numerics native` on this processor, where it has products that round: nothing else runs them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/golden.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/quant/definition.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/thread_pool.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_distance.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

/// A format whose activations may be rounded.
struct Rounded {
  std::string golden;
  Recipe recipe;
  WeightFormat format;
  double exact;  // bounds
  double native;
};

void PrintTo(const Rounded& row, std::ostream* out) { *out << row.golden; }

/// The table of native numerics; null where this processor has none.
const KernelTable* native_table() {
  const auto table = select_kernels(live_cpu_features(), {}, Numerics::native);
  return table ? *table : nullptr;
}

bool is_rounded(const Rounded& row) {
  const KernelTable* table = native_table();
  return table != nullptr &&
         format_kernels(*table, row.format)->rounding != ActivationRounding::none;
}

const std::vector<Rounded> k_half_formats{
    {"llama-wide-BF16", Recipe::bf16, WeightFormat::bf16, k_golden_half, k_golden_native},
    {"llama-wide-F16", Recipe::f16, WeightFormat::f16, k_golden_half, k_golden_native_f16}};

/// Those whose activations this processor rounds.
std::vector<Rounded> rounded_formats() {
  std::vector<Rounded> rounded;
  std::copy_if(k_half_formats.begin(), k_half_formats.end(), std::back_inserter(rounded),
               is_rounded);
  return rounded;
}

class NativeNumerics : public testing::TestWithParam<Rounded> {
 protected:
  /// NMSE of all logits of the golden model.
  double distance(const KernelTable& kernels, std::uint32_t chunk) {
    return golden_distance(models_, GetParam().golden, kernels, chunk, pool_);
  }

  GoldenModels models_;
  ThreadPool pool_{2};
  const KernelTable* table_ = native_table();
};

TEST_P(NativeNumerics, CostsWhatRoundingExplains) {
  const double exact = distance(**select_kernels(live_cpu_features()), 512);
  EXPECT_LE(exact, GetParam().exact);
  for (const std::uint32_t chunk : {1U, 5U, 512U}) {
    const double native = distance(*table_, chunk);
    EXPECT_LE(native, GetParam().native) << chunk;
    EXPECT_GT(native, 2.0 * exact) << chunk << ": nothing is rounded";
  }
}

ModelSpec small_spec() {
  ModelSpec spec;
  spec.name = "small";
  spec.architecture = "llama";
  spec.d_model = 256;
  spec.layers =
      uniform_layers(2, {.attention = {.heads = 4, .kv_heads = 2, .head_dim = 64}, .d_ff = 512});
  spec.vocabulary = 512;
  spec.trained_context = 2048;
  spec.rope() = {.pairs = RopePairs::adjacent, .dims = 64, .base = 10000.0F};
  return spec;
}

TEST_P(NativeNumerics, PassesTheChecksBeforeAMeasurement) {
  const auto model = synthesise_model(small_spec(), GetParam().recipe, 1, *table_, pool_);
  ASSERT_TRUE(model) << model.error().text();
  auto session = Session::open(*model, {40, CacheFormat::f16, 16, 2}, pool_);
  ASSERT_TRUE(session && session->fill_to(33, 1));
  const auto check = check_session(*model, *session, 7);
  ASSERT_TRUE(check) << check.error().text();
  EXPECT_TRUE(check->passed()) << check->reason();
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NativeNumerics);
INSTANTIATE_TEST_SUITE_P(All, NativeNumerics, testing::ValuesIn(rounded_formats()),
                         [](const auto& row) {
                           return std::string(format_name(row.param.format));
                         });

TEST(NativeNumericsOfOtherFormats, AreThoseOfTheExactTable) {
  const KernelTable* native = native_table();
  const KernelTable& exact = **select_kernels(live_cpu_features());
  for (const FormatDefinition& definition : format_definitions()) {
    const FormatKernels* rounding =
        native == nullptr ? nullptr : format_kernels(*native, definition.format);
    if (rounding == nullptr || rounding->rounding != ActivationRounding::none) continue;
    EXPECT_EQ(rounding->multiply, format_kernels(exact, definition.format)->multiply)
        << format_name(definition.format);
  }
}

}  // namespace
}  // namespace assay
