// Every seed and every input that once brought a fuzzer to a halt goes through its target again.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/run_model.hpp"

namespace assay {
namespace {

class Fuzz : public testing::TestWithParam<FuzzTarget> {};

TEST_P(Fuzz, SurvivesItsSeeds) {
  std::size_t seeds = 0;
  for_each_seed(GetParam().name, [&](std::string_view /*name*/, std::string_view seed) {
    GetParam().run(seed);
    ++seeds;
  });
  EXPECT_GT(seeds, 0U);
}

TEST_P(Fuzz, SurvivesNothingAndCutSeeds) {
  GetParam().run({});
  for_each_seed(GetParam().name, [&](std::string_view /*name*/, std::string_view seed) {
    for (const std::size_t part : {1U, 2U, 3U})
      GetParam().run(seed.substr(0, seed.size() * part / 4));
  });
}

/// crashes/TARGET-NAME, the name saying what was wrong.
TEST_P(Fuzz, SurvivesWhatOnceBrokeIt) {
  const auto folder = std::filesystem::path(ASSAY_TEST_ROOT) / "fuzz" / "crashes";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(std::string(GetParam().name) + "-")) continue;
    SCOPED_TRACE(name);
    std::ifstream stream(entry.path(), std::ios::binary);
    GetParam().run(std::string(std::istreambuf_iterator<char>(stream), {}));
  }
}

INSTANTIATE_TEST_SUITE_P(Target, Fuzz,
                         testing::ValuesIn(fuzz_targets().begin(), fuzz_targets().end()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(FuzzModel, RunsTheGoldenModelsToTheEnd) {
  const GoldenModels goldens;
  for (const std::string& name : GoldenModels::names()) {
    const auto stage = run_model(goldens.file(name));
    ASSERT_TRUE(stage) << name << ": " << stage.error().text();
    EXPECT_EQ(*stage, ModelStage::ran) << name;
  }
}

}  // namespace
}  // namespace assay
