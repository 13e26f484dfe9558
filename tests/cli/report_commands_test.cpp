// report, validate, metrics and serve, as a user calls them.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string k_result =
    (std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / "results" / "result-1.json").string();

class ReportCommands : public ::testing::Test {
 protected:
  ProgramRun assay(const std::vector<std::string>& arguments) {
    return run_assay(arguments, options());
  }
  /// Runs a command that does not end by itself.
  ProgramRun interrupted(const std::vector<std::string>& arguments, int signal) {
    ProgramOptions interrupting = options();
    interrupting.interrupt_after_ms = 500;
    interrupting.interrupt = signal;
    interrupting.limit_seconds = 5;
    return run_assay(arguments, interrupting);
  }
  [[nodiscard]] ProgramOptions options() const {
    ProgramOptions options;
    options.state = state_.path();
    return options;
  }
  void keep_result() { std::filesystem::copy_file(k_result, state_.path() / "latest.json"); }
  TemporaryDirectory state_;
};

TEST_F(ReportCommands, ReportShowsADocumentInEachFormat) {
  EXPECT_THAT(assay({"report", k_result}).standard_output, HasSubstr("Recommendation for chat"));
  EXPECT_THAT(assay({"report", k_result, "--format", "markdown"}).standard_output,
              StartsWith("# Assay"));
  EXPECT_THAT(assay({"report", k_result, "--json"}).standard_output, StartsWith("{"));
}

TEST_F(ReportCommands, ReportGivesTheDocumentBackWhole) {
  auto document = read_json_file(k_result);
  ASSERT_TRUE(document);
  (*document)["gpus"] = Json::array();
  const auto file = state_.path() / "with_gpus.json";
  ASSERT_TRUE(write_file_atomically(file, json_text(*document)));
  EXPECT_EQ(assay({"report", file.string(), "--json"}).standard_output, json_text(*document));
}

TEST_F(ReportCommands, ReportTakesTheLatestResult) {
  const ProgramRun without = assay({"report"});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.standard_error, HasSubstr("assay assess"));
  keep_result();
  EXPECT_EQ(assay({"report"}).exit_code, 0);
}

TEST_F(ReportCommands, ReportWritesAFile) {
  const auto file = state_.path() / "report.md";
  const ProgramRun run = assay({"report", k_result, "--format", "markdown", "-o", file.string()});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.standard_output, "");
  EXPECT_THAT(*read_file(file, mebibytes(1)), StartsWith("# Assay"));
  EXPECT_EQ(assay({"report", k_result, "-o", "/nowhere/report.md"}).exit_code, 7);
}

TEST_F(ReportCommands, ReportRefusesWhatItCannotRead) {
  EXPECT_EQ(assay({"report", k_result, "--format", "papyrus"}).exit_code, 2);
  EXPECT_EQ(assay({"report", "/no/such/file"}).exit_code, 3);
  EXPECT_EQ(assay({"report", state_.path().string()}).exit_code, 3);
  const auto newer = state_.write("newer.json", R"({"schema": "assay.result/2"})");
  const ProgramRun run = assay({"report", newer.string()});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.standard_error, AllOf(HasSubstr("newer.json: /schema: \"assay.result/2\""),
                                        HasSubstr("expected \"assay.result/1\"")));
}

TEST_F(ReportCommands, ValidateNamesEveryProblem) {
  EXPECT_EQ(assay({"validate", k_result}).exit_code, 0);
  std::string text = *read_file(k_result, mebibytes(1));
  text.replace(text.find("\"median\": 30.075"), 16, "\"median\": 31.075");
  text.replace(text.find("\"partial\": false"), 16, "\"partial\": \"no\" ");
  const auto file = state_.write("bad.json", text);
  const ProgramRun run = assay({"validate", file.string()});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.standard_output,
              AllOf(HasSubstr("bad.json: /partial: "),
                    HasSubstr("bad.json: /runs/0/decode/tokens_per_second/median: 31.075 found")));
  EXPECT_THAT(assay({"validate", file.string(), "--json"}).standard_output,
              HasSubstr("\"sound\": false"));
}

TEST_F(ReportCommands, MetricsTellThatThereIsNothing) {
  const ProgramRun run = assay({"metrics"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.standard_output, HasSubstr("assay_result_available 0\n"));
  state_.write("latest.json", "{");
  const ProgramRun broken = assay({"metrics"});
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_THAT(broken.standard_output, HasSubstr("assay_result_available 0\n"));
}

TEST_F(ReportCommands, MetricsAreWrittenForTheTextfileCollector) {
  keep_result();
  const auto file = state_.path() / "assay.prom";
  EXPECT_EQ(assay({"metrics", "-o", file.string()}).exit_code, 0);
  EXPECT_THAT(*read_file(file, mebibytes(1)),
              HasSubstr("assay_model_ready{model=\"qwen3-4b\"} 1\n"));
  EXPECT_EQ(assay({"metrics", "--models", ",", "-o", file.string()}).exit_code, 2);
}

TEST_F(ReportCommands, ServeEndsCleanlyOnASignal) {
  for (const auto& [signal, code] : {std::pair{SIGTERM, 143}, std::pair{SIGINT, 130}}) {
    const ProgramRun run = interrupted({"serve", "--listen", "127.0.0.1:0"}, signal);
    EXPECT_EQ(run.exit_code, code);
    EXPECT_THAT(run.standard_error, HasSubstr("serving http://127.0.0.1:"));
  }
}

TEST_F(ReportCommands, ServeWarnsOfAnAddressThatOthersReach) {
  const ProgramRun run = interrupted({"serve", "--listen", "0.0.0.0:0"}, SIGTERM);
  EXPECT_THAT(run.standard_error, HasSubstr("warning: 0.0.0.0:0 can be reached"));
}

TEST_F(ReportCommands, ServeRefusesAnAddressItCannotRead) {
  EXPECT_EQ(assay({"serve", "--listen", "9877"}).exit_code, 2);
  // An address of documentation (RFC 5737): this machine does not have it.
  EXPECT_EQ(assay({"serve", "--listen", "192.0.2.1:9877"}).exit_code, 7);
}

}  // namespace
}  // namespace assay
