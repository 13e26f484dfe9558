#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string k_result = ASSAY_TEST_ROOT "/fixtures/results/result-1.json";

/// The fixture with every sample of its rates multiplied.
std::filesystem::path scaled_result(const TemporaryDirectory& directory, double factor) {
  Json document = read_json_file(k_result).value();
  for (Json& run : document["runs"]) {
    for (const char* part : {"decode", "prefill"}) {
      if (!run[part].is_object() || !run[part]["tokens_per_second"].is_object()) continue;
      for (Json& sample : run[part]["tokens_per_second"]["samples"]) {
        sample = sample.get<double>() * factor;
      }
    }
  }
  return directory.write("scaled.json", document.dump());
}

class CompareCommand : public testing::Test {
 protected:
  ProgramRun run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "compare");
    return run_assay(std::move(arguments),
                     {.state = directory_.path(), .standard_output_file = {}});
  }
  TemporaryDirectory directory_;
};

TEST_F(CompareCommand, FindsNoDifferenceBetweenAResultAndItself) {
  const ProgramRun same = run({k_result, k_result});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.standard_output, HasSubstr("no difference: none of"));
}

TEST_F(CompareCommand, FailsWhenTenPercentSlower) {
  const std::string slower = scaled_result(directory_, 0.9);
  EXPECT_EQ(run({k_result, slower}).exit_code, 1);
  EXPECT_EQ(run({slower, k_result}).exit_code, 0);
  EXPECT_EQ(run({k_result, slower, "--threshold", "15%"}).exit_code, 0);
  EXPECT_EQ(run({k_result, slower, "--threshold", "0.15"}).exit_code, 0);
  EXPECT_EQ(run({k_result, slower, "--metric", "first_token"}).exit_code, 0);
  const ProgramRun json = run({k_result, k_result, slower, "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(Json::parse(json.standard_output)["verdict"], "slower");
}

TEST_F(CompareCommand, CannotTellWithoutCommonRuns) {
  Json document = read_json_file(k_result).value();
  document["runs"] = Json::array();
  const std::string empty = directory_.write("empty.json", document.dump());
  const ProgramRun run_of_nothing = run({k_result, empty});
  EXPECT_EQ(run_of_nothing.exit_code, 6);
  EXPECT_THAT(run_of_nothing.standard_output, HasSubstr("no measurement in common"));
}

TEST_F(CompareCommand, RefusesWrongUse) {
  EXPECT_EQ(run({k_result}).exit_code, 2);
  EXPECT_EQ(run({k_result, k_result, "--threshold", "much"}).exit_code, 2);
  EXPECT_EQ(run({k_result, k_result, "--threshold", "nan"}).exit_code, 2);
  EXPECT_EQ(run({k_result, k_result, "--metric", "speed"}).exit_code, 2);
  EXPECT_EQ(run({k_result, directory_.path() / "absent.json"}).exit_code, 3);
  EXPECT_EQ(run({k_result, directory_.path()}).exit_code, 3);
}

class FleetCommand : public testing::Test {
 protected:
  ProgramRun run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "fleet");
    return run_assay(std::move(arguments),
                     {.state = directory_.path() / "state", .standard_output_file = {}});
  }
  [[nodiscard]] std::string folder() const { return (directory_.path() / "results").string(); }
  TemporaryDirectory directory_;
};

TEST_F(FleetCommand, ReportsWhatWasImported) {
  const ProgramRun simulated = run({"simulate", "--machines", "60", "--broken", "9", "--seed", "3",
                                    "--out", folder(), "--json"});
  ASSERT_EQ(simulated.exit_code, 0) << simulated.standard_error;
  const Json truth = Json::parse(simulated.standard_output);
  const ProgramRun imported = run({"import", folder()});
  EXPECT_EQ(imported.exit_code, 0);
  EXPECT_THAT(imported.standard_output, StartsWith("60 documents: 51 imported"));
  EXPECT_THAT(run({"import", folder()}).standard_output, HasSubstr("51 known already, 9 skipped"));
  const Json report = Json::parse(run({"report", "--json"}).standard_output);
  EXPECT_EQ(report["machines"], 51);
  EXPECT_EQ(report["skipped"], 9);
  for (const Json& model : truth["models"]) {
    for (const Json& counted : report["models"]) {
      if (counted["model"] != model["model"]) continue;
      for (const char* field : {"comfortable", "ok", "tight", "not_ready", "unknown"}) {
        EXPECT_EQ(counted[field], model[field]) << model["model"] << " " << field;
      }
    }
  }
  EXPECT_EQ(report["models"].size(), truth["models"].size());
  // The same straight from the folder, without a store.
  EXPECT_EQ(Json::parse(run({"report", folder(), "--json"}).standard_output)["models"],
            report["models"]);
  EXPECT_THAT(run({"report"}).standard_output, StartsWith("51 machines, "));
  EXPECT_THAT(run({"report", "--format", "csv"}).standard_output, StartsWith("model,machines,"));
  const Json list = Json::parse(run({"list", "--json"}).standard_output);
  EXPECT_EQ(list["machines"].size(), 51U);
}

TEST_F(FleetCommand, IsStrictOnRequest) {
  ASSERT_EQ(run({"simulate", "--machines", "3", "--broken", "1", "--out", folder()}).exit_code, 0);
  EXPECT_EQ(run({"import", folder(), "--strict"}).exit_code, 3);
  EXPECT_EQ(run({"report", folder(), "--strict"}).exit_code, 3);
  EXPECT_EQ(run({"report", folder()}).exit_code, 0);
}

TEST_F(FleetCommand, RefusesWrongUse) {
  EXPECT_EQ(run({}).exit_code, 2);
  const ProgramRun misspelt = run({"imprt"});
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_THAT(misspelt.standard_error, HasSubstr("did you mean import?"));
  EXPECT_EQ(run({"import"}).exit_code, 2);
  EXPECT_EQ(run({"report"}).exit_code, 3);  // nothing imported yet
  EXPECT_EQ(run({"import", "/nonexistent"}).exit_code, 3);
  EXPECT_EQ(run({"report", "--format", "yaml"}).exit_code, 2);
  EXPECT_EQ(run({"simulate"}).exit_code, 2);
  EXPECT_EQ(run({"simulate", "--machines", "2", "--broken", "3", "--out", folder()}).exit_code, 2);
  const std::string text = directory_.write("notes.txt", std::string(5000, 'x'));
  EXPECT_EQ(run({"import", k_result, "--store", text}).exit_code, 3);
}

}  // namespace
}  // namespace assay
