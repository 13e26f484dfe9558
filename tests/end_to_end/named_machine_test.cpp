// Machines that are named, and the machine that is asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;

ProgramRun run(std::vector<std::string> arguments) {
  const TemporaryDirectory directory;
  return run_assay(std::move(arguments), {.state = directory.path() / "state"});
}

TEST(NamedMachine, AGpuIsJudgedByItsOwnMemory) {
  const ProgramRun answer = run({"can-run", "qwen3-8b", "--machine", "RTX 4060"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("8.6 GB"));  // 8 GiB
  EXPECT_THAT(answer.standard_output, HasSubstr("NVIDIA GeForce RTX 4060, in an engine that"));
  EXPECT_THAT(answer.standard_output, HasSubstr("estimated"));
  const ProgramRun large =
      run({"can-run", "llama-3.1-8b", "--format", "F16", "--machine", "RTX 4060"});
  EXPECT_EQ(large.exit_code, 1);
}

TEST(NamedMachine, TheDocumentNamesTheDevice) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", "RTX 4060", "--json"});
  ASSERT_EQ(answer.exit_code, 0) << answer.standard_error;
  const auto json = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(json);
  const Json& verdict = (*json)["verdicts"][0];
  EXPECT_EQ(verdict["device"], "NVIDIA GeForce RTX 4060");
  EXPECT_EQ(verdict["decode_tokens_per_second"]["basis"], "profile");
}

TEST(NamedMachine, AProcessorNeedsAMemory) {
  const ProgramRun without = run({"can-run", "qwen3-4b", "--machine", "Ryzen 7 7840HS"});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.standard_error, HasSubstr("--memory"));
  const ProgramRun with =
      run({"can-run", "qwen3-4b", "--machine", "Ryzen 7 7840HS", "--memory", "32G"});
  EXPECT_EQ(with.exit_code, 0) << with.standard_error;
}

TEST(NamedMachine, ACardOfSeveralSizesAsksWhich) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", "GTX 1050"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.standard_error, HasSubstr("is sold with 2.1 GB, 3.2 GB"));
}

TEST(NamedMachine, AnUnknownOneIsAUsageErrorWithTheNearestNames) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", "RTX 4061"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.standard_error, HasSubstr("did you mean NVIDIA GeForce RTX 4060"));
}

TEST(NamedMachine, AGpusBandwidthIsNotReplaced) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", "RTX 4060", "--bandwidth", "40G"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.standard_error, HasSubstr("--bandwidth"));
}

TEST(NamedMachine, RecommendsForAGpu) {
  const ProgramRun answer = run({"recommend", "--machine", "RTX 4060", "--top", "3"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
}

TEST(PlanCommand, NamesWhatIsNeededAndMachinesThatDo) {
  const ProgramRun answer =
      run({"plan", "--model", "qwen3-8b", "--rate", "20", "--context", "32k"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("with a context of 32768 needs"));
  EXPECT_THAT(answer.standard_output, HasSubstr("GPUs that hold all of it"));
}

TEST(PlanCommand, AnswersAsADocument) {
  const ProgramRun answer = run({"plan", "qwen3-8b", "--json"});
  ASSERT_EQ(answer.exit_code, 0) << answer.standard_error;
  const auto json = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["schema"], "assay.plan/1");
}

TEST(PlanCommand, SaysNoWhereNothingDoes) {
  const ProgramRun answer = run({"plan", "qwen3-30b-a3b", "--rate", "5000"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.standard_output, HasSubstr("No processor or GPU of the table"));
}

TEST(PlanCommand, RefusesWhatIsNoQuestion) {
  EXPECT_EQ(run({"plan", "qwen3-8c"}).exit_code, 2);
  EXPECT_EQ(run({"plan", "qwen3-8b", "--rate", "0"}).exit_code, 2);
  EXPECT_EQ(run({"plan", "qwen3-8b", "--rate", "nan"}).exit_code, 2);
  EXPECT_EQ(run({"plan", "qwen3-8b", "--context", "many"}).exit_code, 2);
  EXPECT_EQ(run({"plan", "qwen3-8b", "--context", "99999999999"}).exit_code, 2);
  EXPECT_EQ(run({"plan"}).exit_code, 2);
}

}  // namespace
}  // namespace assay
