// What a user can do wrong, and what the program answers: the exit code, one line that names the
// cause, no crash.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct WrongUse {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  const char* message;  // part of standard error
};

class WrongUseTest : public ::testing::TestWithParam<WrongUse> {};

std::string golden(const std::string& name) {
  return std::string(ASSAY_TEST_ROOT "/golden/") + name;
}

TEST_P(WrongUseTest, IsAnsweredByItsExitCodeAndMessage) {
  const WrongUse& use = GetParam();
  const TemporaryDirectory directory;
  directory.write("text.gguf", "This is not a model.\n");
  directory.write("empty.gguf", "");
  directory.write("broken.json", "{\"schema\": \"assay.result/1\", ");
  directory.write("newer.json", R"({"schema": "assay.result/2"})");
  const std::string model = *read_file(golden("stories260K.gguf"), mebibytes(4));
  directory.write("cut.gguf", model.substr(0, model.size() / 2));
  std::vector<std::string> arguments = use.arguments;
  for (std::string& argument : arguments) {
    if (argument.starts_with("@")) argument = directory.path() / argument.substr(1);
  }
  const ProgramRun run = run_assay(arguments, {.state = directory.path() / "state"});
  EXPECT_EQ(run.signal, 0);
  EXPECT_EQ(run.exit_code, use.exit_code) << run.standard_error;
  EXPECT_THAT(run.standard_error, HasSubstr(use.message));
  EXPECT_THAT(run.standard_output, IsEmpty());
}

// Of one processor that it may use, whatever the machine has.
TEST(WrongUse, MoreThreadsThanItsAffinityAllows) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  std::size_t first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const ProgramRun run = run_assay({"bench", "--shape", "dense-1b", "--threads", "2"}, {});
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.standard_error, HasSubstr("the processors that this process may use"));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongUseTest,
    ::testing::Values(
        WrongUse{"UnknownCommand", {"benhc"}, 2, "did you mean bench"},
        WrongUse{"UnknownOption", {"bench", "--promt", "3"}, 2, "did you mean --prompt"},
        WrongUse{"OptionWithoutValue", {"bench", "--prompt"}, 2, "--prompt"},
        WrongUse{"OptionWithWords", {"bench", "--prompt", "many"}, 2, "--prompt"},
        WrongUse{
            "NegativeCount", {"bench", "--shape", "dense-1b", "--prompt=-1"}, 2, "--prompt: -1"},
        WrongUse{
            "NegativeSeed", {"generate", "--model", "@none.gguf", "--seed=-1"}, 2, "--seed: -1"},
        WrongUse{"RepetitionsOfASuite", {"bench", "--repetitions", "3"}, 2, "--repetitions"},
        WrongUse{"PromptOfASuite", {"bench", "--suite", "quick", "--prompt", "0"}, 2, "--prompt"},
        WrongUse{"UnknownModel", {"can-run", "qwen3-4"}, 2, "qwen3-4b"},
        WrongUse{"UnknownFormat", {"can-run", "qwen3-4b", "--format", "Q9"}, 2, "Q9"},
        WrongUse{"UnknownIsa", {"bench", "--isa", "mmx"}, 2, "mmx"},
        WrongUse{"UnknownShape", {"bench", "--shape", "qwen3-0.6"}, 2, "qwen3-0.6b"},
        WrongUse{"ShapeThatIsNotRun", {"bench", "--shape", "glm-4-9b-chat"}, 2, "does not run"},
        WrongUse{"UnknownNumerics", {"bench", "--numerics", "fast"}, 2, "exact, native"},
        WrongUse{"NativeNumericsOfScalarKernels",
                 {"bench", "--isa", "scalar", "--numerics", "native"},
                 2,
                 "16-bit arithmetic"},
        WrongUse{"NoThreads", {"bench", "--threads", "0"}, 2, "--threads"},
        WrongUse{"MoreThreadsThanProcessors",
                 {"bench", "--threads", std::to_string(std::thread::hardware_concurrency() + 1)},
                 2,
                 "the processors that this process may use"},
        WrongUse{"MissingFile", {"bench", "--model", "@none.gguf"}, 3, "none.gguf"},
        WrongUse{"Directory", {"bench", "--model", "@"}, 3, "is a directory"},
        WrongUse{"TextFile", {"bench", "--model", "@text.gguf"}, 3, "text.gguf"},
        WrongUse{
            "EmptyFile", {"generate", "--model", "@empty.gguf", "--prompt", "a"}, 3, "empty.gguf"},
        WrongUse{"CutFile",
                 {"logits", "--model", "@cut.gguf", "--tokens", "1", "-o", "@x"},
                 3,
                 "cut.gguf"},
        WrongUse{"BrokenJson", {"report", "@broken.json"}, 3, "broken.json: is not valid JSON"},
        WrongUse{"NewerDocument", {"report", "@newer.json"}, 3, "assay.result/2"},
        WrongUse{"MissingResult", {"compare", "@none.json", "@none.json"}, 3, "none.json"},
        WrongUse{
            "BadToken",
            {"logits", "--model", golden("stories260K.gguf"), "--tokens", "1,99999", "-o", "@x"},
            2,
            "99999"},
        WrongUse{
            "BrokenPolicy", {"can-run", "qwen3-4b", "--policy", "@broken.json"}, 3, "broken.json"},
        WrongUse{"ReplayOfNothing", {"probe", "--root", "@none"}, 3, "none"}),
    [](const auto& use) { return std::string(use.param.name); });

TEST(FullDisk, IsReportedOnStandardOutputAndInFiles) {
  const TemporaryDirectory directory;
  const ProgramOptions options{.state = directory.path(), .standard_output_file = "/dev/full"};
  const ProgramRun shown = run_assay({"models"}, options);
  EXPECT_EQ(shown.exit_code, 7);
  EXPECT_THAT(shown.standard_error, HasSubstr("No space left"));
  const ProgramRun kept =
      run_assay({"models", "--json", "-o", "/dev/full"}, {.state = directory.path()});
  EXPECT_EQ(kept.exit_code, 7);
  EXPECT_THAT(kept.standard_error, HasSubstr("No space left"));
}

TEST(ClosedPipe, EndsTheProgramQuietly) {
  const TemporaryDirectory directory;
  const std::string command =
      std::string(ASSAY_PROGRAM) + " models --json | head -c 1; exit ${PIPESTATUS[0]}";
  const ProgramRun run = run_program({"bash", "-c", command}, {.state = directory.path()});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_error, IsEmpty());
}

TEST(Help, EveryCommandHasOneWithExamples) {
  const TemporaryDirectory directory;
  const ProgramOptions options{.state = directory.path()};
  for (const auto* name : {"assess", "probe", "bench", "can-run", "recommend", "models", "generate",
                           "logits", "verify", "report", "compare", "fleet", "metrics", "serve"}) {
    const ProgramRun overview = run_assay({"--help"}, options);
    EXPECT_THAT(overview.standard_output, HasSubstr(std::string("\n  ") + name));
    const ProgramRun run = run_assay({name, "--help"}, options);
    EXPECT_EQ(run.exit_code, 0) << name;
    EXPECT_THAT(run.standard_output, HasSubstr("Examples:")) << name;
  }
}

}  // namespace
}  // namespace assay
