// can-run --measure, accuracy and import as a user calls them.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::filesystem::path k_root = ASSAY_TEST_ROOT;
const std::string k_model = (k_root / "golden" / "llama-wide-Q4_K_M.gguf").string();

class ChecksCommands : public ::testing::Test {
 protected:
  ProgramRun assay(const std::vector<std::string>& arguments) {
    ProgramOptions options;
    options.state = state_.path();
    return run_assay(arguments, options);
  }

  /// This machine as the program sees it.
  Json machine() {
    return parse_json(assay({"probe", "--json"}).standard_output, "probe").value()["machine"];
  }

  /// A result that was measured elsewhere, as if of the machine with this id.
  Json result_of(const std::string& machine_id) {
    Json document =
        read_json_file(k_root / "fixtures" / "results" / "result-1-assess.json").value();
    document["machine"]["id"] = machine_id;
    return document;
  }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((state_.path() / name).parent_path());
    ASSERT_TRUE(write_file_atomically(state_.path() / name, text));
  }

  /// Keeps a result with one check.
  void keep_check(const std::string& name, const std::string& machine_id, double measured) {
    Json document = result_of(machine_id);
    document["checks"] = Json::array();
    document["checks"].push_back(
        {{"figure", "decode_tokens_per_second"},
         {"model", "qwen3-4b"},
         {"format", "Q4_K_M"},
         {"threads", 2},
         {"predicted", {{"low", 8.0}, {"expected", 10.0}, {"high", 12.0}, {"origin", "predicted"}}},
         {"measured", measured},
         {"error_ratio", 10.0 / measured - 1.0},
         {"within", true}});
    write("results/" + name, document.dump());
  }

  /// A row of llama-bench on a processor.
  static std::string llama_bench(const std::string& cpu, const std::string& rate) {
    return R"([{"build_commit": "4f2a1c0", "cpu_info": ")" + cpu +
           R"(", "gpu_info": "", "backends": "CPU", "model_filename": "Qwen3-4B-Q4_K_M.gguf",
            "model_type": "qwen3 4B Q4_K - Medium", "model_n_params": 4022468096, "n_threads": 2,
            "n_prompt": 0, "n_gen": 128, "n_depth": 448, "avg_ts": )" +
           rate + "}]";
  }

  TemporaryDirectory state_;
};

TEST_F(ChecksCommands, AccuracyWithoutChecksSaysWhatMakesSome) {
  const ProgramRun ran = assay({"accuracy"});
  EXPECT_EQ(ran.exit_code, 6);
  EXPECT_THAT(ran.standard_output, HasSubstr("can-run MODEL --measure"));
}

TEST_F(ChecksCommands, AccuracyCountsThisMachineAndNamesWhatIsBroken) {
  keep_check("a.json", machine()["id"].get<std::string>(), 8.0);
  keep_check("b.json", "another machine", 1.0);
  write("results/c.json", "{\"schema\": ");
  const ProgramRun ran = assay({"accuracy"});
  EXPECT_EQ(ran.exit_code, 0) << ran.standard_error;
  EXPECT_THAT(ran.standard_output, AllOf(HasSubstr("25.0 %"), HasSubstr("1 checks from 1 results"),
                                         HasSubstr("1 results of other machines")));
  EXPECT_THAT(ran.standard_error, HasSubstr("c.json"));
}

TEST_F(ChecksCommands, AccuracyAsJsonHasTheSummaryAndTheChecks) {
  keep_check("a.json", machine()["id"].get<std::string>(), 8.0);
  const auto document = parse_json(assay({"accuracy", "--json"}).standard_output, "accuracy");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_DOUBLE_EQ((*document)["accuracy"]["unseen"][0]["median_absolute_error_ratio"], 0.25);
  EXPECT_EQ((*document)["checks"].size(), 1U);
}

TEST_F(ChecksCommands, MeasuringAnotherMachineIsRefused) {
  write("other.json", result_of("another machine").dump());
  const ProgramRun ran = assay(
      {"can-run", "qwen3-0.6b", "--measure", "--machine", (state_.path() / "other.json").string()});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.standard_error, HasSubstr("--measure"));
}

TEST_F(ChecksCommands, MeasuringRefusesWhatDoesNotFitBeforeItAllocates) {
  const ProgramRun ran =
      assay({"can-run", "qwen3-4b", "--measure", "--memory", "100M", "--bandwidth", "20G"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_THAT(ran.standard_error, HasSubstr("are available"));
  EXPECT_LT(ran.peak_bytes, 500'000'000U);
}

TEST_F(ChecksCommands, MeasuringNeedsASensibleBox) {
  EXPECT_EQ(assay({"can-run", "qwen3-4b", "--measure", "--seconds", "0"}).exit_code, 2);
  EXPECT_EQ(assay({"can-run", "qwen3-4b", "--measure", "--seconds", "1e9"}).exit_code, 2);
}

// About ten seconds, most of them for the machine's limits.
TEST_F(ChecksCommands, MeasuringAFileShowsBothAndKeepsThem) {
  const ProgramRun ran =
      assay({"can-run", k_model, "--measure", "--seconds", "1", "--bandwidth", "20G",
             "--cache-type", "Q8_0", "--power", "60", "--electricity-price", "0.3", "--json"});
  ASSERT_THAT(ran.exit_code, ::testing::AnyOf(0, 5)) << ran.standard_error;
  const auto document = parse_json(ran.standard_output, "can-run");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ((*document)["runs"].size(), 2U);
  EXPECT_EQ((*document)["runs"][0]["cache_type"], "Q8_0");
  if (ran.exit_code == 0) {
    EXPECT_EQ((*document)["verdicts"][0]["decode_tokens_per_second"]["origin"], "measured");
    EXPECT_GE((*document)["checks"].size(), 2U);
    EXPECT_FALSE((*document)["verdicts"][0]["running_cost"].is_null());
    EXPECT_FALSE((*document)["verdicts"][0]["formats"].empty());
    write("kept.json", ran.standard_output);
    EXPECT_EQ(assay({"validate", (state_.path() / "kept.json").string()}).exit_code, 0);
    EXPECT_EQ(assay({"accuracy"}).exit_code, 0);
  }
}

TEST_F(ChecksCommands, AMeasurementThatCannotBeKeptIsShown) {
  ProgramOptions options;
  options.state = "/dev/null/state";
  const ProgramRun ran = run_assay({"bench", "--model", k_model, "--prompt", "8", "--generate", "2",
                                    "--repetitions", "1", "--json"},
                                   options);
  EXPECT_EQ(ran.exit_code, 7) << ran.standard_error;
  EXPECT_THAT(ran.standard_error, ::testing::HasSubstr("/dev/null/state"));
  const auto document = parse_json(ran.standard_output, "bench");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_EQ((*document)["runs"].size(), 1U);
}

TEST_F(ChecksCommands, AnInterruptedMeasurementEndsAtOnce) {
  ProgramOptions options;
  options.state = state_.path();
  options.interrupt_after_ms = 1500;
  options.interrupt = SIGINT;
  const ProgramRun ran =
      run_assay({"can-run", k_model, "--measure", "--bandwidth", "20G"}, options);
  EXPECT_EQ(ran.exit_code, 130);
}

TEST_F(ChecksCommands, ImportGivesAFactorThatCanRunUses) {
  const Json here = machine();
  write("latest.json", result_of(here["id"].get<std::string>()).dump());
  write("bench.json", llama_bench(here["cpu"]["brand"].get<std::string>(), "5.0"));
  const ProgramRun imported = assay({"import", (state_.path() / "bench.json").string()});
  EXPECT_EQ(imported.exit_code, 0) << imported.standard_error;
  EXPECT_THAT(imported.standard_output, AllOf(HasSubstr("llama.cpp"), HasSubstr("qwen3-4b")));
  const ProgramRun answer = assay({"can-run", "qwen3-1.7b"});
  EXPECT_THAT(answer.standard_output, HasSubstr("In llama.cpp you would see about"));
  const auto document =
      parse_json(assay({"can-run", "qwen3-1.7b", "--json"}).standard_output, "can-run");
  EXPECT_EQ((*document)["other_engines"][0]["runs"], 1);
  EXPECT_EQ(assay({"import", "--forget"}).exit_code, 0);
  EXPECT_THAT(assay({"can-run", "qwen3-1.7b"}).standard_output, Not(HasSubstr("In llama.cpp")));
}

TEST_F(ChecksCommands, ImportRefusesAnotherProcessorUnlessForced) {
  write("latest.json", result_of(machine()["id"].get<std::string>()).dump());
  write("bench.json", llama_bench("Some other CPU", "5.0"));
  const std::string file = (state_.path() / "bench.json").string();
  const ProgramRun refused = assay({"import", file});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.standard_error, AllOf(HasSubstr("Some other CPU"), HasSubstr("--force")));
  EXPECT_EQ(assay({"import", file, "--force"}).exit_code, 0);
}

TEST_F(ChecksCommands, ImportRefusesHostileFilesAndKeepsWhatItHas) {
  for (const char* rate : {"-1", "NaN", "\"fast\"", "1e400"}) {
    write("bench.json", llama_bench("x", rate));
    const ProgramRun ran = assay({"import", (state_.path() / "bench.json").string()});
    EXPECT_EQ(ran.exit_code, 3) << rate;
    EXPECT_THAT(ran.standard_error, AllOf(StartsWith("assay: "), HasSubstr("bench.json")));
  }
  EXPECT_FALSE(std::filesystem::exists(state_.path() / "engines.json"));
}

TEST_F(ChecksCommands, ImportWithoutACalibrationSaysWhatIsMissing) {
  write("bench.json", llama_bench(machine()["cpu"]["brand"].get<std::string>(), "5.0"));
  const ProgramRun ran = assay({"import", (state_.path() / "bench.json").string()});
  EXPECT_EQ(ran.exit_code, 6);
  EXPECT_THAT(ran.standard_error, HasSubstr("assay assess"));
}

TEST_F(ChecksCommands, ABrokenStoreOfFactorsIsNamedAndLeftOut) {
  write("engines.json", "{]");
  const ProgramRun ran = assay({"can-run", "qwen3-1.7b", "--bandwidth", "50G", "--memory", "16G"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.standard_error, HasSubstr("engines.json"));
}

}  // namespace
}  // namespace assay
