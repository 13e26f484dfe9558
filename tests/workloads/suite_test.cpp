#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/embedded.hpp"
#include "reference-engine/footprint.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

std::string suite_text() { return std::string(*embedded_file("workloads/slm-suite-1.json")); }

/// The built-in suite with one piece of its text replaced.
Result<Suite> parse_with(std::string_view from, std::string_view to) {
  std::string text = suite_text();
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  text.replace(place, from.size(), to);
  return parse_suite(text, "suite.json");
}

TEST(Suite, TheBuiltInOneIsSound) {
  const auto suite = builtin_suite();
  ASSERT_TRUE(suite) << suite.error().text();
  EXPECT_EQ(suite->name, "slm-suite-1");
  for (const char* name :
       {"pp512", "tg128", "tg128@4096", "chat", "classify", "rag", "summarize", "write", "think"}) {
    EXPECT_NE(suite->workload(name), nullptr) << name;
  }
  EXPECT_EQ(suite->workload("nothing"), nullptr);
  EXPECT_GE(suite->workloads.size(), 10U);
  for (const std::string_view tier : suite_tiers()) {
    ASSERT_NE(tier_cells(*suite, tier), nullptr);
    EXPECT_FALSE(tier_cells(*suite, tier)->empty()) << tier;
  }
  EXPECT_EQ(tier_cells(*suite, "endless"), nullptr);
}

TEST(Suite, ShapesHaveTheSizesOfTheirNames) {
  const auto suite = builtin_suite();
  ASSERT_TRUE(suite);
  struct Size {
    const char* id;
    double parameters;
    double active;
  };
  // Names round to one digit: within a quarter of what they say.
  for (const Size& size : {Size{"dense-0.1b", 0.1e9, 0.1e9}, Size{"dense-0.5b", 0.53e9, 0.53e9},
                           Size{"dense-1b", 1.24e9, 1.24e9}, Size{"dense-3b", 3.2e9, 3.2e9},
                           Size{"dense-8b", 8.03e9, 8.03e9}, Size{"moe-1b-a0.4b", 1.33e9, 0.4e9},
                           Size{"moe-7b-a1b", 6.8e9, 1.2e9}, Size{"moe-24b-a3b", 24.3e9, 3.0e9}}) {
    const SuiteShape* shape = suite->shape(size.id);
    ASSERT_NE(shape, nullptr) << size.id;
    const auto plan = tensor_plan(shape->spec, Recipe::q4_k_m);
    ASSERT_TRUE(plan) << size.id << ": " << plan.error().text();
    EXPECT_NEAR(static_cast<double>(plan->parameters()) / size.parameters, 1.0, 0.05) << size.id;
    EXPECT_NEAR(static_cast<double>(plan->active_parameters()) / size.active, 1.0, 0.25) << size.id;
  }
}

TEST(Suite, QuickSlicesStreamMoreThanACacheAndFitSmallMachines) {
  const auto suite = builtin_suite();
  ASSERT_TRUE(suite);
  for (const SuiteCell& cell : suite->quick) {
    const ModelSpec spec = sliced(suite->shape(cell.shape)->spec, cell.layers);
    EXPECT_GE(spec.layers.size(), 2U);
    EXPECT_LE(spec.layers.size(), 4U);
    const auto plan = tensor_plan(spec, cell.recipe);
    ASSERT_TRUE(plan);
    const Footprint cost = footprint(spec, *plan, {.context = 160, .chunk = 128, .threads = 2});
    // 32 MB of last-level cache, several times; the program on a machine of 8 GB has 6 for itself.
    EXPECT_GE(cost.weights_per_token.value, 4 * (std::uint64_t{32} << 20)) << cell.shape;
    EXPECT_LE(cost.peak().value, std::uint64_t{6} << 30) << cell.shape;
  }
}

TEST(Suite, QuickHasEachWidthOfADenseAndAMixture) {
  const auto suite = builtin_suite();
  ASSERT_TRUE(suite);
  std::set<Recipe> dense;
  std::set<Recipe> mixture;
  std::set<std::uint32_t> dense_layers;    // in 4 bit, where head and layers differ in format:
  std::set<std::uint32_t> mixture_layers;  // two depths tell them apart
  for (const SuiteCell& cell : suite->quick) {
    const bool is_mixture = suite->shape(cell.shape)->spec.is_moe();
    (is_mixture ? mixture : dense).insert(cell.recipe);
    if (cell.recipe == Recipe::q4_k_m) {
      (is_mixture ? mixture_layers : dense_layers).insert(cell.layers);
    }
  }
  const std::set<Recipe> widths{Recipe::f16, Recipe::q8_0, Recipe::q4_k_m};
  EXPECT_EQ(dense, widths);
  EXPECT_EQ(mixture, widths);
  EXPECT_GE(dense_layers.size(), 2U);
  EXPECT_GE(mixture_layers.size(), 2U);
}

TEST(Suite, ASliceKeepsTheWidths) {
  const auto suite = builtin_suite();
  ASSERT_TRUE(suite);
  const ModelSpec& full = suite->shape("dense-1b")->spec;
  EXPECT_EQ(sliced(full, 4).layers.size(), 4U);
  EXPECT_EQ(sliced(full, 4).d_model, full.d_model);
  EXPECT_EQ(sliced(full, 0).layers, full.layers);
  EXPECT_EQ(sliced(full, 99).layers, full.layers);
}

TEST(Suite, RefusalsNameTheField) {
  struct Case {
    const char* from;
    const char* to;
    const char* named;
  };
  for (const Case& bad : {
           Case{"assay.suite/1", "assay.suite/2", "/schema"},
           Case{"\"prompt_tokens\": 512", "\"prompt_tokens\": -1", "/workloads/0/prompt_tokens"},
           Case{"\"prompt_tokens\": 512", "\"prompt_tokens\": 0", "/workloads/0/prompt_tokens"},
           Case{"\"prompt_tokens\": 512", "\"prompt_tokens\": 9999999999",
                "/workloads/0/prompt_tokens"},
           Case{"\"tg128\"", "\"pp512\"", "/workloads/1/name"},
           Case{"\"layers\": 12", "\"layers\": 0", "/shapes/0/layers"},
           Case{"\"kv_heads\": 4", "\"kv_heads\": 5", "/shapes/0/kv_heads"},
           Case{"\"adjacent\"", "\"sideways\"", "/shapes/0/rope/pairs"},
           Case{"\"used\": 8", "\"used\": 800", "/moe/used"},
           Case{"[\"dense-1b\"", "[\"dense-2b\"", "/tiers/quick/cells/0/shapes"},
           Case{"\"Q4_K_M\"", "\"Q4_K_X\"", "/tiers/quick/cells/0/formats"},
           Case{"\"cell_seconds\": 1.7", "\"cell_seconds\": -1.7", "/tiers/quick/cell_seconds"},
       }) {
    const auto suite = parse_with(bad.from, bad.to);
    ASSERT_FALSE(suite) << bad.to;
    EXPECT_EQ(suite.error().code, ErrorCode::refused_input);
    EXPECT_NE(suite.error().text().find(bad.named), std::string::npos) << suite.error().text();
  }
  EXPECT_FALSE(parse_suite("[]", "suite.json"));
  EXPECT_FALSE(parse_suite("{", "suite.json"));
}

}  // namespace
}  // namespace assay
