#include "advisor/format_effects.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

std::vector<FormatEffect> effects() {
  return format_effects(question_about("qwen3-4b", Recipe::q4_k_m), example_calibration(),
                        gigabytes(8), builtin_policy().value());
}

TEST(FormatEffects, AreSortedFromTheLargestAndHoldTheFormatAskedFor) {
  std::set<std::string> formats;
  Bytes before = gigabytes(1000).value();
  for (const FormatEffect& effect : effects()) {
    if (effect.cache_type != "F16") continue;
    EXPECT_LE(effect.weights, before) << effect.format;
    before = effect.weights;
    formats.insert(effect.format);
  }
  EXPECT_TRUE(formats.contains("F16"));
  EXPECT_TRUE(formats.contains("Q4_K_M"));
}

// 4.02 billion values: 8.04 GB in 16 bits, over 95 % of 8 GB; 2.5 GB in 4 bits.
TEST(FormatEffects, AreJudgedEach) {
  for (const FormatEffect& effect : effects()) {
    if (effect.format == "F16") {
      EXPECT_EQ(effect.verdict, VerdictKind::no);
    } else if (effect.format == "Q4_K_M" && effect.cache_type == "F16") {
      EXPECT_EQ(effect.verdict, VerdictKind::ok);
    }
  }
}

// Blocks of 32 values with a scale of 2 bytes: 34 bytes where 16 bits take 64.
TEST(FormatEffects, ShowWhatEachCacheTakes) {
  Bytes f16;
  Bytes q8_0;
  Bytes f32;
  for (const FormatEffect& effect : effects()) {
    if (effect.format != "Q4_K_M") continue;
    if (effect.cache_type == "F16") f16 = effect.kv_cache;
    if (effect.cache_type == "Q8_0") q8_0 = effect.kv_cache;
    if (effect.cache_type == "F32") f32 = effect.kv_cache;
  }
  EXPECT_EQ(f16, Bytes(603'979'776));
  EXPECT_EQ(q8_0.value * 64, f16.value * 34);
  EXPECT_EQ(f32.value, f16.value * 2);
}

}  // namespace
}  // namespace assay
