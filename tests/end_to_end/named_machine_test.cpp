// Machines that are named, and the machine that is asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProgramRun run(std::vector<std::string> arguments) {
  const TemporaryDirectory directory;
  return run_assay(std::move(arguments), {.state = directory.path() / "state"});
}

TEST(NamedMachine, AGpuIsJudgedByItsOwnMemory) {
  const ProgramRun answer = run({"can-run", "qwen3-8b", "--machine", "RTX 4060"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("8.1 GB (its memory less 457 MiB"));
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
  // 32 GB less 4 GiB, as `plan` counts.
  EXPECT_THAT(with.standard_output, HasSubstr("27.7 GB (--memory less 4.3 GB for the system)"));
}

TEST(NamedMachine, ACardOfSeveralSizesAsksWhich) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", "GTX 1050"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.standard_error, HasSubstr("is sold with 2 GB, 3 GB"));
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

/// The recorded machine of the fixtures with another GPU, as a file.
std::filesystem::path machine_with(const TemporaryDirectory& directory, Json gpu) {
  Json document =
      read_json_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/results/result-1.json").value();
  document["machine"]["gpus"] = Json::array({std::move(gpu)});
  const auto path = directory.path() / "machine.json";
  std::ofstream(path) << document.dump();
  return path;
}

Json card_of_eight_gigabytes() {
  return {{"pci_address", "0000:01:00.0"},
          {"vendor_id", "0x10de"},
          {"device_id", "0x2882"},
          {"vendor", "NVIDIA"},
          {"name", "NVIDIA GeForce RTX 4060"},
          {"memory_kind", "dedicated"},
          {"memory_bytes", 8585740288},
          {"usable_memory_bytes", 8200000000}};
}

TEST(MachinesOwnGpu, IsToldBesideTheProcessorsVerdict) {
  const TemporaryDirectory directory;
  const auto machine = machine_with(directory, card_of_eight_gigabytes());
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", machine.string()});
  EXPECT_THAT(answer.standard_output,
              HasSubstr("On the GPU, in an engine that uses it (estimated)"));
  EXPECT_THAT(answer.standard_output, HasSubstr("NVIDIA GeForce RTX 4060: whole in its memory"));
  EXPECT_THAT(answer.standard_output, HasSubstr("-ngl 99"));
}

TEST(MachinesOwnGpu, HoldsAPartOfWhatDoesNotFit) {
  const TemporaryDirectory directory;
  const auto machine = machine_with(directory, card_of_eight_gigabytes());
  const ProgramRun answer = run({"can-run", "qwen3-14b", "--machine", machine.string(), "--json"});
  const auto json = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(json) << answer.standard_error;
  const Json& gpu = (*json)["gpus"][0];
  EXPECT_EQ(gpu["placement"], "layers");
  EXPECT_LT(gpu["gpu_layers"], gpu["layers"]);
  EXPECT_LT(gpu["gpu_bytes"], 8200000000);
  const auto written = directory.path() / "answer.json";
  std::ofstream(written) << answer.standard_output;
  EXPECT_EQ(run({"validate", written.string()}).exit_code, 0);
}

TEST(MachinesOwnGpu, SharesTheMemoryThatTheMachineHasAvailable) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--json", "--machine",
                                 std::string(ASSAY_TEST_ROOT) + "/fixtures/results/result-1.json"});
  const auto json = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(json) << answer.standard_error;
  const Json& gpu = (*json)["gpus"][0];
  EXPECT_TRUE(gpu["shared_with_cpu"]);
  EXPECT_EQ(gpu["usable_memory_bytes"], (*json)["verdicts"][0]["memory"]["available_bytes"]);
}

TEST(MachinesOwnGpu, IsLeftOutWhereTheMemoryIsReplaced) {
  const TemporaryDirectory directory;
  const auto machine = machine_with(directory, card_of_eight_gigabytes());
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", machine.string(), "--memory", "16G"});
  EXPECT_THAT(answer.standard_output, Not(HasSubstr("On the GPU")));
}

TEST(NamedMachine, AProcessorAndAGpuShareAModel) {
  const std::vector<std::string> question{"can-run", "qwen3-14b", "--memory", "32G", "--machine"};
  const auto asked = [&question](const char* machine) {
    std::vector<std::string> arguments = question;
    arguments.emplace_back(machine);
    return run(std::move(arguments));
  };
  const ProgramRun both = asked("Ryzen 7 7840HS + RTX 4060");
  EXPECT_EQ(both.exit_code, 0) << both.standard_error;
  EXPECT_THAT(both.standard_output, HasSubstr("layers fit its memory"));
  EXPECT_THAT(both.standard_output,
              HasSubstr("\n- Run it on its NVIDIA GeForce RTX 4060, in an engine that uses it"));
  EXPECT_THAT(asked("RTX 4060 + Ryzen 7 7840HS").standard_error, HasSubstr("is no processor"));
  EXPECT_THAT(asked("Ryzen 7 7840HS + i7-8550U").standard_error, HasSubstr("is no GPU"));
  EXPECT_THAT(asked("Ryzen 7 7840HS + RTX 4061").standard_error, HasSubstr("did you mean"));
}

TEST(NamedMachine, AProcessorAndAGpuAreRecommendedModelsEach) {
  const ProgramRun both =
      run({"recommend", "--memory", "32G", "--top", "2", "--machine", "Ryzen 7 7840HS + RTX 4060"});
  EXPECT_EQ(both.exit_code, 0) << both.standard_error;
  EXPECT_THAT(both.standard_output, HasSubstr("On its NVIDIA GeForce RTX 4060, in an engine that "
                                              "uses it (estimated; models that its memory holds"));
  const ProgramRun alone = run({"recommend", "--machine", "RTX 4060", "--json"});
  const ProgramRun json =
      run({"recommend", "--memory", "32G", "--machine", "Ryzen 7 7840HS + RTX 4060", "--json"});
  const Json found = Json::parse(json.standard_output)["gpu_recommendations"].at(0);
  EXPECT_EQ(found["device"], "NVIDIA GeForce RTX 4060");
  EXPECT_EQ(
      found["recommendation"]["ranking"].at(0)["verdict"]["model"],
      Json::parse(alone.standard_output)["recommendation"]["ranking"].at(0)["verdict"]["model"]);
}

TEST(NamedMachine, AGpuOfSeveralSizesBesideAProcessorHasTheOneThatIsNamed) {
  const auto asked = [](const char* machine) {
    return run({"can-run", "qwen3-4b", "--memory", "32G", "--machine", machine});
  };
  const ProgramRun either = asked("Ryzen 7 7840HS + RX 580");
  EXPECT_EQ(either.exit_code, 2);
  EXPECT_THAT(either.standard_error, HasSubstr("is sold with 4 GB, 8 GB"));
  const ProgramRun eight = asked("Ryzen 7 7840HS + RX 580 8GB");
  EXPECT_EQ(eight.exit_code, 0) << eight.standard_error;
  EXPECT_THAT(eight.standard_output, HasSubstr("of 8.6 GB)"));
  EXPECT_THAT(asked("Ryzen 7 7840HS + RX 580 6 GB").standard_error, HasSubstr("is sold with"));
}

TEST(NamedMachine, AnAppleGpuLeavesTheSystemItsPart) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", "Apple M2 GPU", "--memory", "16GiB", "--json"});
  ASSERT_EQ(answer.exit_code, 0) << answer.standard_error;
  const auto json = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(json);
  // Two thirds of 16 GiB.
  EXPECT_EQ((*json)["verdicts"][0]["memory"]["available_bytes"].get<std::uint64_t>() >> 20U,
            10922U);
}

TEST(PlanCommand, WritesNumbersWithoutExponents) {
  const ProgramRun answer = run({"plan", "smollm2-135m", "--rate", "99999"});
  EXPECT_THAT(answer.standard_output, Not(HasSubstr("e+")));
  EXPECT_THAT(answer.standard_output, HasSubstr("at 99999 tokens/s"));
  EXPECT_THAT(run({"plan", "qwen3-8b", "--rate", "200000"}).standard_error,
              HasSubstr("at most 100000"));
}

TEST(PlanCommand, NamesInstalledMemoryComputeAndSources) {
  const ProgramRun answer = run({"plan", "qwen3-8b", "--rate", "10"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("16 GB installed"));
  EXPECT_THAT(answer.standard_output, HasSubstr("TFLOP/s reached for a first token within 4 s"));
  EXPECT_THAT(answer.standard_output, HasSubstr("Bandwidths are published ones:\n  [1] "));
}

TEST(PlanCommand, NamesWhatIsNeededAndMachinesThatDo) {
  const ProgramRun answer =
      run({"plan", "--model", "qwen3-8b", "--rate", "20", "--context", "32k"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("with a context of 32768 needs"));
  // A context that is asked for is to be used: 256 tokens of answer end there.
  EXPECT_THAT(answer.standard_output, HasSubstr("at 20 tokens/s after 32512 tokens"));
  EXPECT_THAT(answer.standard_output, HasSubstr("to be on the safe side, after 32512 tokens"));
  const ProgramRun usual = run({"plan", "qwen3-8b", "--rate", "20"});
  EXPECT_THAT(usual.standard_output, HasSubstr("after 512 tokens with a context of 4096 needs"));
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
  const ProgramRun small = run({"plan", "qwen3-8b", "--context", "383"});
  EXPECT_EQ(small.exit_code, 2);
  EXPECT_THAT(small.standard_error,
              HasSubstr("--context: a prompt of 128 tokens and an answer of 256"));
  EXPECT_EQ(run({"plan", "qwen3-8b", "--context", "99999999999"}).exit_code, 2);
  EXPECT_EQ(run({"plan"}).exit_code, 2);
}

}  // namespace
}  // namespace assay
