// can-run, recommend and models as a user sees them: one sentence, an exit code, a document. Memory
// and bandwidth are given, so that the answers do not depend on the machine.

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
using ::testing::StartsWith;

struct Asked {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  const char* sentence;  // start of standard output
};

class AdviceTest : public ::testing::TestWithParam<Asked> {};

ProgramRun run(std::vector<std::string> arguments) {
  const TemporaryDirectory directory;
  return run_assay(std::move(arguments), {.state = directory.path() / "state"});
}

TEST_P(AdviceTest, IsOneSentenceFirstAndAnExitCode) {
  const Asked& asked = GetParam();
  const ProgramRun answer = run(asked.arguments);
  EXPECT_EQ(answer.exit_code, asked.exit_code) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, StartsWith(asked.sentence));
}

std::vector<std::string> can_run(std::vector<std::string> model, const std::string& memory) {
  model.insert(model.begin(), "can-run");
  model.insert(model.end(), {"--memory", memory, "--bandwidth", "50G"});
  return model;
}

const std::vector<std::string> k_f16{"llama-3.1-8b", "--format", "F16"};
const std::vector<std::string> k_file{ASSAY_TEST_ROOT "/golden/llama-wide-Q4_K_M.gguf"};

// 8 billion values of 16 bits need 16.7 GB, and 16 GB at 50 GB/s are read three times a second.
INSTANTIATE_TEST_SUITE_P(
    CanRun, AdviceTest,
    ::testing::Values(
        Asked{"Small8", can_run({"qwen3-4b"}, "8G"), 0,
              "Yes: qwen3-4b in Q4_K_M needs 3.2 GB of the 8.0 GB available"},
        Asked{"Small16", can_run({"qwen3-4b"}, "16G"), 0,
              "Yes: qwen3-4b in Q4_K_M needs 3.2 GB of the 16.0 GB available"},
        Asked{"Small24", can_run({"qwen3-4b"}, "24G"), 0,
              "Yes: qwen3-4b in Q4_K_M needs 3.2 GB of the 24.0 GB available"},
        Asked{"Large8", can_run(k_f16, "8G"), 1,
              "No: llama-3.1-8b in F16 needs 16.7 GB of memory, and 8.0 GB are available."},
        Asked{"Large16", can_run(k_f16, "16G"), 1,
              "No: llama-3.1-8b in F16 needs 16.7 GB of memory, and 16.0 GB are available."},
        Asked{"Large24", can_run(k_f16, "24G"), 1,
              "No: llama-3.1-8b in F16 would answer at about 2.2 tokens/s"},
        Asked{"File8", can_run(k_file, "8G"), 0, "Yes, comfortably: llama-wide-Q4_K_M.gguf in"},
        Asked{"Quiet", {"can-run", "qwen3-4b", "--memory", "2G", "--quiet"}, 1, "No: qwen3-4b"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Advice, AnUnknownModelIsAnsweredWithTheNearestNames) {
  const ProgramRun answer = run({"can-run", "qwen3-4"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.standard_error, HasSubstr("did you mean qwen3-4b"));
  EXPECT_EQ(run({"can-run", "no-such-model"}).exit_code, 2);
}

TEST(Advice, TheDocumentHoldsTheVerdict) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--memory", "8G", "--bandwidth", "50G", "--json"});
  EXPECT_EQ(answer.exit_code, 0);
  const auto document = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(document) << answer.standard_output;
  const Json& verdict = (*document)["verdicts"][0];
  EXPECT_EQ(verdict["model"], "qwen3-4b");
  EXPECT_EQ(verdict["memory"]["available_bytes"], 8'000'000'000);
  EXPECT_EQ(verdict["decode_tokens_per_second"]["basis"], "profile");
}

/// Lines of each part of an answer: the sentence, the table, the advice.
std::vector<std::size_t> lines_of_parts(const std::string& text) {
  std::vector<std::size_t> lines{0};
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    if (end == start) {
      lines.push_back(0);
    } else {
      ++lines.back();
    }
    if (end == std::string::npos) break;
    start = end + 1;
  }
  return lines;
}

TEST(Advice, IsASentenceASmallTableAndAFewLines) {
  for (const std::vector<std::string>& asked : std::vector<std::vector<std::string>>{
           {"can-run", "qwen3-4b", "--memory", "8G", "--bandwidth", "50G"},
           {"can-run", "llama-3.1-8b", "--format", "F16", "--memory", "8G", "--bandwidth", "50G"},
           {"can-run", "qwen3-14b", "--memory", "10G", "--bandwidth", "20G", "--use", "reasoning"},
           {"can-run", "qwen3-4b", "--memory", "3G", "--electricity-price", "0.3"}}) {
    const std::string text = run(asked).standard_output;
    const auto parts = lines_of_parts(text);
    ASSERT_GE(parts.size(), 3U) << text;
    EXPECT_EQ(parts[0], 1U) << text;
    EXPECT_LE(parts[1], 12U) << text;
    EXPECT_LE(parts[2], 5U) << text;
  }
}

TEST(Advice, ShowsWhatEachFormatWouldMakeOfIt) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--memory", "8G", "--bandwidth", "50G", "--formats"});
  EXPECT_THAT(answer.standard_output, HasSubstr("\nF16      F16       8.0 GB"));
  EXPECT_THAT(answer.standard_output, HasSubstr("\nQ4_K_M   Q8_0      2.5 GB"));
}

TEST(Advice, ShowsBothWaysOfAModelThatMayThink) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--memory", "8G", "--bandwidth", "50G", "--json"});
  const auto document = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(document) << answer.standard_output;
  const Json& verdict = (*document)["verdicts"][0];
  EXPECT_EQ(verdict["thinking"], false);
  EXPECT_EQ(verdict["answer_tokens"], 256);
  EXPECT_EQ(verdict["other_answer"]["thinking"], true);
  EXPECT_EQ(verdict["other_answer"]["thinking_tokens"], 512);
  EXPECT_FALSE(verdict["formats"].empty());
}

TEST(Advice, ShowsTheCostInThePricesThatAreGiven) {
  const std::vector<std::string> asked{
      "can-run", "qwen3-4b", "--memory", "8G", "--bandwidth", "50G", "--electricity-price", "0.30"};
  EXPECT_THAT(run(asked).standard_output,
              HasSubstr("unknown: the machine is not described (give --power"));
  std::vector<std::string> metered = asked;
  metered.insert(metered.end(), {"--power", "36", "--api-price", "0.60"});
  const std::string text = run(metered).standard_output;
  EXPECT_THAT(text, HasSubstr("kWh for a million tokens at 36 W (--power)"));
  EXPECT_THAT(text, HasSubstr("the API takes 0.60"));
}

TEST(Advice, DocumentsOfEveryVerdictAreValid) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "answer.json";
  for (const std::vector<std::string>& asked : std::vector<std::vector<std::string>>{
           {"qwen3-4b", "--memory", "8G", "--bandwidth", "50G"},
           {"qwen3-14b", "--memory", "4G", "--bandwidth", "50G"},
           {"qwen3-4b", "--memory", "8G", "--use", "reasoning", "--power", "20"},
           {"qwen3-4b", "--memory", "8G", "--electricity-price", "0.3"}}) {
    std::vector<std::string> arguments{"can-run", "--json", "-o", file};
    arguments.insert(arguments.end(), asked.begin(), asked.end());
    run(arguments);
    const ProgramRun checked = run({"validate", file});
    EXPECT_EQ(checked.exit_code, 0) << checked.standard_output << checked.standard_error;
  }
}

TEST(Advice, BadOptionsAreRefusedByName) {
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"--electricity-price", "-1"}, "--electricity-price"},
      {{"--power", "0"}, "--power: 0"},
      {{"--cache-type", "Q4"}, "--cache-type: 'Q4' (expected F16"},
      {{"--use", "cooking"}, "--use: 'cooking' (expected chat"},
  };
  for (const auto& [options, message] : rows) {
    std::vector<std::string> arguments{"can-run", "qwen3-4b"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const ProgramRun answer = run(arguments);
    EXPECT_EQ(answer.exit_code, 2) << message;
    EXPECT_THAT(answer.standard_error, HasSubstr(message));
  }
}

TEST(Advice, APolicyWithASlipIsRefusedWithTheNearestName) {
  const TemporaryDirectory directory;
  directory.write("mine.json", R"({"schema": "assay.policy/1", "name": "mine", "usess": []})");
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--policy", directory.path() / "mine.json"});
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_THAT(answer.standard_error, HasSubstr("/usess: unknown key (did you mean uses?)"));
}

TEST(Advice, AConfigFileIsJudgedLikeACatalogueModel) {
  const TemporaryDirectory directory;
  directory.write("config.json", R"({"model_type": "qwen3", "hidden_size": 2560,
    "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936,
    "max_position_embeddings": 40960, "tie_word_embeddings": true})");
  const ProgramRun answer = run_assay(
      {"can-run", directory.path() / "config.json", "--memory", "8G", "--bandwidth", "50G"},
      {.state = directory.path() / "state"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("needs 3.2 GB of the 8.0 GB available"));
}

// A state that a crash or another program left behind is no reason to refuse an answer.
TEST(Advice, AnswersBesideALatestResultThatCannotBeRead) {
  const TemporaryDirectory directory;
  directory.write("latest.json", "{\"schema\": \"assay.result/1\", ");
  for (const char* command : {"can-run", "recommend"}) {
    std::vector<std::string> arguments{command};
    if (std::string(command) == "can-run") arguments.emplace_back("qwen3-0.6b");
    const ProgramRun answer = run_assay(arguments, {.state = directory.path()});
    EXPECT_THAT(answer.standard_error, HasSubstr("latest.json")) << command;
    EXPECT_THAT(answer.standard_error, HasSubstr("left aside")) << command;
    EXPECT_FALSE(answer.standard_output.empty()) << command;
  }
}

TEST(Advice, ARateOfAnotherMachinesResultSaysSo) {
  const std::string result =
      std::string(ASSAY_TEST_ROOT) + "/fixtures/results/result-1-assess.json";
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--calibration", result});
  EXPECT_THAT(answer.standard_output,
              HasSubstr("predicted from the measurements of another machine's result"));
  // Of the machine that it is of, they are its own.
  const ProgramRun own = run({"can-run", "qwen3-4b", "--calibration", result, "--machine", result});
  EXPECT_THAT(own.standard_output, HasSubstr("predicted from this machine's measurements"));
}

TEST(Advice, AThreadCountThatAResultLacksIsToldWithThoseThatItHas) {
  const std::string result =
      std::string(ASSAY_TEST_ROOT) + "/fixtures/results/result-1-assess.json";
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--calibration", result, "--threads", "3"});
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_THAT(answer.standard_error, HasSubstr("result-1-assess.json"));
  EXPECT_THAT(answer.standard_error, HasSubstr("no valid run of the suite with 3 threads"));
  EXPECT_THAT(answer.standard_error, HasSubstr("(its runs have 2)"));
}

TEST(Advice, RecommendRanksModelsForAMachineThatIsNotHere) {
  const ProgramRun answer =
      run({"recommend", "--memory", "8G", "--bandwidth", "40G", "--top", "3"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("models for chat"));
  EXPECT_THAT(answer.standard_output, HasSubstr("  3.  "));
  EXPECT_THAT(answer.standard_output, HasSubstr("more (--top"));
}

TEST(Advice, ModelsShowsTheCatalogueAndOneModel) {
  const ProgramRun coders = run({"models", "--use", "code", "--license", "Apache-2.0", "--json"});
  EXPECT_EQ(coders.exit_code, 0);
  const auto document = parse_json(coders.standard_output, "stdout");
  ASSERT_TRUE(document);
  for (const Json& model : (*document)["models"]) EXPECT_EQ(model["license"], "Apache-2.0");
  const ProgramRun one = run({"models", "qwen3-4b"});
  EXPECT_THAT(one.standard_output, HasSubstr("Q4_K_M 2.5 GB"));
  EXPECT_THAT(one.standard_output, HasSubstr("source"));
  EXPECT_EQ(run({"models", "qwen"}).exit_code, 2);
}

TEST(Advice, ModelsFiltersBySizeAndEngine) {
  const ProgramRun small =
      run({"models", "--min-size", "600M", "--max-size", "1B", "--engine", "runs", "--json"});
  EXPECT_EQ(small.exit_code, 0) << small.standard_error;
  const auto document = parse_json(small.standard_output, "stdout");
  ASSERT_TRUE(document);
  ASSERT_FALSE((*document)["models"].empty());
  for (const Json& model : (*document)["models"]) {
    EXPECT_GE(model["parameters"], 600'000'000U);
    EXPECT_LE(model["parameters"], 1'000'000'000U);
    EXPECT_TRUE(model["engine_runs"].get<bool>());
  }
}

TEST(Advice, ModelsRefusesFiltersThatNothingHas) {
  const ProgramRun family = run({"models", "--family", "Qwen4"});
  EXPECT_EQ(family.exit_code, 2);
  EXPECT_THAT(family.standard_error, HasSubstr("--family: no model has 'Qwen4'"));
  EXPECT_THAT(family.standard_error, HasSubstr("did you mean Qwen3"));
  EXPECT_EQ(run({"models", "--max-size", "big"}).exit_code, 2);
  EXPECT_EQ(run({"models", "--engine", "walks"}).exit_code, 2);
}

TEST(Advice, ModelsMakesARowOfAConfiguration) {
  const std::string configs = std::string(ASSAY_TEST_ROOT) + "/fixtures/configs/";
  const ProgramRun row = run({"models", "--row", configs + "lfm2-1.2b.json"});
  EXPECT_EQ(row.exit_code, 0) << row.standard_error;
  const auto document = parse_json(row.standard_output, "stdout");
  ASSERT_TRUE(document);
  EXPECT_EQ((*document)["pattern"], "CCFCCFCCFCFCFCFC");
  EXPECT_TRUE((*document)["license"].is_null());
  EXPECT_EQ(run({"models", "--row", configs + "none.json"}).exit_code, 3);
}

}  // namespace
}  // namespace assay
