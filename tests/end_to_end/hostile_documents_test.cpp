// The whole program on hostile JSON: results, policies, a model's config.json, profiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "tests/end_to_end/hostile_run.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

struct Hostile {
  const char* name;
  std::string (*make)();
  const char* message;
};

std::ostream& operator<<(std::ostream& stream, const Hostile& row) { return stream << row.name; }

class HostileDocuments : public testing::TestWithParam<Hostile> {};

/// Commands that read a document of their user; "@" is its path.
const std::vector<std::vector<std::string>> k_readers{
    {"report", "@"},
    {"validate", "@"},
    {"compare", "@", "@"},
    {"can-run", "qwen3-4b", "--policy", "@"},
    {"can-run", "qwen3-4b", "--calibration", "@"},
    {"can-run", "qwen3-4b", "--machine", "@"},
    {"can-run", "@"},
};

TEST_P(HostileDocuments, AreRefusedByEveryCommand) {
  const TemporaryDirectory directory;
  const auto path = directory.write("hostile.json", GetParam().make());
  for (std::vector<std::string> command : k_readers) {
    std::replace(command.begin(), command.end(), std::string("@"), path.string());
    const ProgramRun run = run_on_hostile_file(command, directory.path() / "state");
    SCOPED_TRACE(command[0] + " " + command[command.size() - 2]);
    EXPECT_EQ(run.exit_code, command[0] == "validate" ? run.exit_code : 3) << run.standard_error;
    EXPECT_NE(run.exit_code, 0);
    EXPECT_THAT(run.standard_error + run.standard_output, HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileDocuments,
    testing::Values(
        Hostile{"Empty", [] { return std::string(); }, "hostile.json: is not valid JSON"},
        Hostile{"DeepArrays", [] { return repeated("[", 100000); }, "nested deeper than 64"},
        Hostile{"DeepObjects", [] { return repeated("{\"a\":", 100000); }, "nested deeper than 64"},
        Hostile{"DuplicateKeys",
                [] { return std::string(R"({"schema": "assay.result/1", "schema": "x"})"); },
                "the key \"schema\" comes twice"},
        Hostile{"NotANumber", [] { return std::string(R"({"a": NaN})"); }, "is not valid JSON"},
        Hostile{"HugeNumber", [] { return std::string(R"({"a": 1e400})"); }, "is not valid JSON"},
        Hostile{"InvalidUtf8", [] { return std::string("{\"a\": \"\xC3\x28\"}"); },
                "is not valid JSON"},
        Hostile{"LoneSurrogate", [] { return std::string(R"({"a": "\ud800"})"); },
                "is not valid JSON"},
        Hostile{"Nul", [] { return std::string("{\"a\": 1}\0{", 10); }, "is not valid JSON"},
        Hostile{"Cut", [] { return std::string(R"({"schema": "assay.result/1", "machine)"); },
                "is not valid JSON"},
        Hostile{"Escapes", [] { return std::string("{\"\x1b[2J\": 1}"); }, "is not valid JSON"},
        Hostile{"Of100MB", [] { return std::string(100'000'000, ' '); }, "hostile.json: has "},
        Hostile{"WrongType", [] { return std::string("[1, 2, 3]"); }, "hostile.json"},
        Hostile{"Null", [] { return std::string("null"); }, "hostile.json"}),
    [](const auto& row) { return std::string(row.param.name); });

/// A right document with one value replaced everywhere.
TEST(HostileResults, WrongTypesAndNumbersAreRefusedByPointer) {
  const auto right =
      read_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/results/result-1.json", mebibytes(4));
  ASSERT_TRUE(right);
  const struct {
    const char* key;
    const char* value;
  } rows[] = {{"\"started_at\": ", "5"},
              {"\"threads\": ", "-1"},
              {"\"threads\": ", "1e300"},
              {"\"threads\": ", "99999999999999999999999999"},
              {"\"prompt_tokens\": ", "\"many\""},
              {"\"samples\": ", "[\"a\"]"},
              {"\"samples\": ", "{}"},
              {"\"machine\": ", "[]"}};
  const TemporaryDirectory directory;
  for (const auto& row : rows) {
    std::string document = *right;
    const std::size_t at = document.find(row.key);
    ASSERT_NE(at, std::string::npos) << row.key;
    document.insert(at + std::string_view(row.key).size(), std::string(row.value) + ", \"x\": ");
    const auto path = directory.write("wrong.json", document);
    const ProgramRun run =
        run_on_hostile_file({"report", path.string()}, directory.path() / "state");
    EXPECT_EQ(run.exit_code, 3) << row.key << row.value << run.standard_error;
    std::string pointer("/");
    pointer += std::string_view(row.key).substr(1, std::string_view(row.key).size() - 4);
    EXPECT_THAT(run.standard_error, HasSubstr(pointer));
  }
}

TEST(HostileResults, TextsOfADocumentCannotControlTheTerminal) {
  const auto right =
      read_file(std::string(ASSAY_TEST_ROOT) + "/fixtures/results/result-1.json", mebibytes(4));
  ASSERT_TRUE(right);
  std::string document = *right;
  const std::string key = "\"brand\": \"";
  const std::size_t at = document.find(key);
  ASSERT_NE(at, std::string::npos);
  document.insert(at + key.size(), R"(\u001b]0;owned\u0007\u001b[2J<script>|)");
  const TemporaryDirectory directory;
  const auto path = directory.write("escapes.json", document);
  for (const char* format : {"text", "markdown"}) {
    const ProgramRun run = run_on_hostile_file({"report", path.string(), "--format", format},
                                               directory.path() / "state");
    EXPECT_EQ(run.exit_code, 0) << run.standard_error;
  }
}

}  // namespace
}  // namespace assay
