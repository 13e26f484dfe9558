// generate, logits and verify as users call them.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

const std::string k_golden = std::string(ASSAY_TEST_ROOT) + "/golden/";

class EngineCommands : public testing::Test {
 protected:
  ProgramRun run(std::vector<std::string> arguments) {
    ProgramOptions options;
    options.state = directory_.path() / "state";
    return run_assay(std::move(arguments), options);
  }
  std::string path(const std::string& name) { return (directory_.path() / name).string(); }

  TemporaryDirectory directory_;
};

TEST_F(EngineCommands, GenerateWritesTheStoryAndNothingElse) {
  const ProgramRun ran =
      run({"generate", "--model", k_golden + "stories260K.gguf", "--prompt", "", "-n", "40"});
  EXPECT_EQ(ran.exit_code, 0) << ran.standard_error;
  EXPECT_EQ(ran.standard_output,
            "Once upon a time, there was a little girl named Lily. She loved to play outside in "
            "the park. One day, she saw a big, r\n");
  EXPECT_EQ(ran.standard_error, "");
}

TEST_F(EngineCommands, OtherVocabulariesTakeTokenIdsOnly) {
  std::string file = *read_file(k_golden + "stories260K.gguf", mebibytes(4));
  const std::string key = "tokenizer.ggml.model";
  const std::size_t value = file.find(key) + key.size() + 4 + 8;  // past its type and length
  ASSERT_EQ(file.substr(value, 5), "llama");
  file.replace(value, 5, "other");
  const std::string model = directory_.write("other.gguf", file).string();
  EXPECT_EQ(run({"logits", "--model", model, "--tokens", "1,2", "-o", path("x")}).exit_code, 0);
  const ProgramRun refused = run({"generate", "--model", model, "--prompt", "a"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.standard_error.find("tokenizer.ggml.model"), std::string::npos);
}

TEST_F(EngineCommands, GenerateRepeatsARandomTextForItsSeed) {
  const std::vector<std::string> command{"generate", "--model", k_golden + "stories260K.gguf",
                                         "--prompt", "Tom",     "-n",
                                         "30",       "--json",  "--temperature",
                                         "1",        "--seed",  "5"};
  const ProgramRun first = run(command);
  EXPECT_EQ(first.exit_code, 0) << first.standard_error;
  EXPECT_EQ(run(command).standard_output, first.standard_output);
  const auto document = parse_json(first.standard_output, "stdout");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ(document->at("tokens").size(), 30U);
}

TEST_F(EngineCommands, LogitsOfAGoldenModelAreExact) {
  const std::string tokens =
      "1,403,407,261,378,5,6,7,8,9,10,300,301,302,303,304,400,410,420,430,440,450,460,470,480,490,"
      "500,510,259,260,262,263,264,265,266,267,268,269,270,271";
  const ProgramRun ran = run({"logits", "--model", k_golden + "stories260K.gguf", "--tokens",
                              tokens, "-o", path("logits.f32"), "--cache-type", "F32", "--isa",
                              "scalar", "--threads", "1", "--chunk", "7"});
  EXPECT_EQ(ran.exit_code, 0) << ran.standard_error;
  EXPECT_EQ(ran.standard_output, "");
  const auto found = read_file(path("logits.f32"), mebibytes(1));
  const auto expected = read_file(k_golden + "stories260K.logits.f32", mebibytes(1));
  ASSERT_TRUE(found && expected);
  ASSERT_EQ(found->size(), expected->size());
  double error = 0.0;
  double size = 0.0;
  for (std::size_t at = 0; at < found->size(); at += sizeof(float)) {
    float a = 0.0F;
    float b = 0.0F;
    std::memcpy(&a, found->data() + at, sizeof a);
    std::memcpy(&b, expected->data() + at, sizeof b);
    error += std::pow(static_cast<double>(a) - static_cast<double>(b), 2.0);
    size += std::pow(static_cast<double>(b), 2.0);
  }
  EXPECT_LE(error / size, 1e-9);  // the bound of golden_test.cpp for float32
}

TEST_F(EngineCommands, WrongInputIsRefusedWithItsExitCode) {
  const std::string story = k_golden + "stories260K.gguf";
  EXPECT_EQ(run({"generate"}).exit_code, 2);
  EXPECT_EQ(run({"generate", "--model", path("missing.gguf")}).exit_code, 3);
  EXPECT_EQ(run({"generate", "--model", directory_.path().string()}).exit_code, 3);
  EXPECT_EQ(run({"generate", "--model", k_golden + "README.md"}).exit_code, 3);
  EXPECT_EQ(run({"generate", "--model", story, "--isa", "avx1024"}).exit_code, 2);
  EXPECT_EQ(run({"generate", "--model", story, "--temperature", "-1"}).exit_code, 2);
  EXPECT_EQ(run({"logits", "--model", story, "--tokens", "1"}).exit_code, 2);
  for (const char* tokens : {"", "1,,2", "512", "-1", "1;2", "99999999999"}) {
    const ProgramRun ran = run({"logits", "--model", story, "--tokens", tokens, "-o", path("l")});
    EXPECT_EQ(ran.exit_code, 2) << tokens;
    EXPECT_FALSE(std::filesystem::exists(path("l")));
  }
  EXPECT_EQ(run({"logits", "--model", story, "--tokens", "1", "-o", "/dev/full"}).exit_code, 7);
  EXPECT_EQ(run({"logits", "--model", story, "--tokens", "1", "-o", path("no/where")}).exit_code,
            7);
}

TEST_F(EngineCommands, VerifyPassesOnThisMachine) {
  const ProgramRun ran = run({"verify", "--json"});
  EXPECT_EQ(ran.exit_code, 0) << ran.standard_output;
  const auto document = parse_json(ran.standard_output, "stdout");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_TRUE(document->at("passed").get<bool>());
  EXPECT_GT(document->at("checks").size(), 30U);
}

}  // namespace
}  // namespace assay
