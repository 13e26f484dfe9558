// Recorded machines as a user handles them: made by --record, replayed by --root, judged by
// --machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/probes/unpacked_archive.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string k_fixtures = ASSAY_TEST_ROOT "/fixtures/";

ProgramRun run(std::vector<std::string> arguments) {
  const TemporaryDirectory directory;
  return run_assay(std::move(arguments), {.state = directory.path() / "state"});
}

TEST(ProbeRecord, WritesARecordingThatReplays) {
  const TemporaryDirectory place;
  const std::string folder = (place.path() / "machine").string();
  const ProgramRun recorded = run({"probe", "--record", folder});
  EXPECT_EQ(recorded.exit_code, 0) << recorded.standard_error;
  EXPECT_THAT(recorded.standard_error, HasSubstr("assay probe --root " + folder));
  const ProgramRun replayed = run({"probe", "--root", folder});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.standard_error;
  EXPECT_THAT(replayed.standard_output, StartsWith("A recorded machine: " + folder));
  for (const char* name : {"README.txt", "profile.json", "proc/meminfo"}) {
    EXPECT_TRUE(std::filesystem::exists(folder + "/" + name)) << name;
  }
}

TEST(ProbeRecord, RefusesAFolderThatIsNotEmpty) {
  const TemporaryDirectory place;
  (void)place.write("/machine/mine.txt", "mine");
  const ProgramRun recorded = run({"probe", "--record", (place.path() / "machine").string()});
  EXPECT_EQ(recorded.exit_code, 7);
  EXPECT_THAT(recorded.standard_error, HasSubstr("expected a new or an empty folder"));
  EXPECT_THAT(recorded.standard_output, IsEmpty());
}

TEST(ProbeRecord, TheDescriptionInARecordingIsAResultDocument) {
  const TemporaryDirectory place;
  const std::string folder = (place.path() / "machine").string();
  ASSERT_EQ(run({"probe", "--record", folder, "--quiet"}).exit_code, 0);
  const ProgramRun checked = run({"validate", folder + "/profile.json"});
  EXPECT_EQ(checked.exit_code, 0) << checked.standard_output << checked.standard_error;
}

struct Spelling {
  const char* name;
  const char* file;
  const char* shown;
};

class CpuidSpelling : public testing::TestWithParam<Spelling> {};

TEST_P(CpuidSpelling, IsRead) {
  const ProgramRun answer = run({"probe", "--cpuid", k_fixtures + "cpuid/" + GetParam().file});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr(GetParam().shown));
}

INSTANTIATE_TEST_SUITE_P(
    All, CpuidSpelling,
    testing::Values(
        Spelling{"Arrays", "intel__x86-64__nehalem__intel-core-i7-cpu-920.test", "CPU 920 @"},
        Spelling{"ArraysOfEachCpu", "amd__zen4__amd-ryzen-7-8845hs-with-radeon-780m-graphics.test",
                 "AMD Ryzen 7 8845HS"},
        Spelling{"LogicalCpu", "amd__bulldozer__amd-fx-8350-eight-core-processor.test",
                 "AMD FX(tm)-8350"},
        Spelling{"RegistersOfLogicalCpu", "amd__zen4__amd-ryzen-7-7700x-8-core-processor.test",
                 "AMD Ryzen 7 7700X"},
        Spelling{"AffinityMask", "amd__zen3__amd-ryzen-9-5950x-16-core-processor.test",
                 "AMD Ryzen 9 5950X"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(CpuidRecording, RegistersOfANumberedCpuAreRead) {
  // "CPUID Registers (CPU #N):", with the leaves of another recording.
  std::ifstream original(k_fixtures +
                         "cpuid/amd__bulldozer__amd-fx-8350-eight-core-processor.test");
  std::string text;
  for (std::string line; std::getline(original, line);) {
    const std::size_t number = line.find("Logical CPU #");
    text += number == std::string::npos
                ? line
                : "CPUID Registers (CPU " +
                      line.substr(number + 12, line.find(' ', number + 12) - number - 12) + "):";
    text += '\n';
  }
  const TemporaryDirectory place;
  const ProgramRun answer = run({"probe", "--cpuid", place.write("/dump.txt", text).string()});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, AllOf(HasSubstr("AMD FX(tm)-8350"), HasSubstr("8 threads")));
}

TEST(CpuidRecording, AFolderOfHwlocIsRead) {
  const UnpackedArchive archive("cpuid/Intel-SapphireRapids-2xXeonMax9460.tar.bz2");
  const ProgramRun answer = run({"probe", "--cpuid", archive.root().string()});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, AllOf(HasSubstr("Xeon"), HasSubstr("amx_int8")));
}

TEST(CpuidRecording, AnErrorNamesWhatWasExpected) {
  const TemporaryDirectory place;
  const std::string file = place.write("/shopping.txt", "milk\n").string();
  const ProgramRun answer = run({"probe", "--cpuid", file});
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_THAT(answer.standard_error,
              AllOf(HasSubstr("shopping.txt"), HasSubstr("basic_cpuid"), HasSubstr("--record")));
}

TEST(ProbeRoot, TakesTheFolderThatAnArchiveUnpacksTo) {
  const UnpackedArchive archive("machines/5intel64-hybrid-lakefield.tar.bz2");
  for (const auto& folder : {archive.root(), archive.root().parent_path()}) {
    const ProgramRun answer = run({"probe", "--root", folder.string()});
    EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
    EXPECT_THAT(answer.standard_output, HasSubstr("5 cores, 5 threads"));
    EXPECT_THAT(answer.standard_output, HasSubstr("1 performance + 4 efficiency"));
  }
}

TEST(ProbeRoot, AFolderWithoutAMachineIsRefused) {
  const TemporaryDirectory place;
  (void)place.write("/a/holiday.txt", "");
  const ProgramRun answer = run({"probe", "--root", place.path().string()});
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_THAT(answer.standard_error, HasSubstr("expected proc/ or sys/"));
}

/// A laptop with two kinds of cores and 16 GB; of its memory 12 GB were free when it was recorded.
class RecordedLaptop : public testing::Test {
 protected:
  RecordedLaptop() : archive_("machines/20em64t-hybrid-1p6c2t+2ca4co1t.tar.bz2") {
    set_memory("MemTotal: 15728640 kB\nMemAvailable: 11718750 kB\nSwapTotal: 0 kB\n");
  }
  void set_memory(const std::string& meminfo) {
    std::filesystem::remove(archive_.root() / "proc/meminfo");
    std::ofstream(archive_.root() / "proc/meminfo") << meminfo;
    const ProgramRun described =
        run({"probe", "--root", archive_.root().string(), "--json", "-o", profile()});
    ASSERT_EQ(described.exit_code, 0) << described.standard_error;
  }
  [[nodiscard]] std::string profile() const { return (place_.path() / "laptop.json").string(); }

  UnpackedArchive archive_;
  TemporaryDirectory place_;
};

TEST_F(RecordedLaptop, CanRunWhatFitsIntoItsMemory) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", profile(), "--bandwidth", "60G"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output,
              StartsWith("Yes: qwen3-4b in Q4_K_M needs 3.2 GB of the 12.0 GB available and"));
  EXPECT_THAT(answer.standard_output,
              HasSubstr("/proc/meminfo MemAvailable, when it was described"));
}

TEST_F(RecordedLaptop, CannotRunWhatDoesNotFit) {
  const ProgramRun answer =
      run({"can-run", "llama-3.1-8b", "--format", "F16", "--machine", profile()});
  EXPECT_EQ(answer.exit_code, 1) << answer.standard_error;
  EXPECT_THAT(answer.standard_output,
              StartsWith("No: llama-3.1-8b in F16 needs 16.7 GB of memory, and 12.0 GB are"));
}

TEST_F(RecordedLaptop, WithoutItsBandwidthOnlyMemoryIsJudged) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", profile()});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output,
              AllOf(StartsWith("It fits: qwen3-4b in Q4_K_M needs 3.2 GB of the 12.0 GB"),
                    HasSubstr("how fast it would answer is unknown")));
}

TEST_F(RecordedLaptop, ItsModulesGiveTheBandwidth) {
  std::filesystem::create_directories(archive_.root() / "sys/firmware/dmi/tables");
  std::filesystem::copy_file(k_fixtures + "smbios/ASRock-Single-Ryzen.dmi",
                             archive_.root() / "sys/firmware/dmi/tables/DMI");
  set_memory("MemTotal: 15728640 kB\nMemAvailable: 11718750 kB\n");
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", profile()});
  EXPECT_THAT(answer.standard_output, HasSubstr("estimated from the memory bandwidth alone"));
}

TEST_F(RecordedLaptop, WithoutAnyMemoryItCannotTell) {
  set_memory("\n");
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", profile(), "--bandwidth", "60G"});
  EXPECT_EQ(answer.exit_code, 6);
  EXPECT_THAT(answer.standard_output, StartsWith("Cannot tell: qwen3-4b"));
}

TEST_F(RecordedLaptop, TheVerdictIsPredictedFromTheProfile) {
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", profile(), "--bandwidth", "60G", "--json"});
  ASSERT_EQ(answer.exit_code, 0) << answer.standard_error;
  const auto document = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(document);
  const Json& verdict = (*document)["verdicts"][0];
  EXPECT_EQ(verdict["decode_tokens_per_second"]["origin"], "predicted");
  EXPECT_EQ(verdict["decode_tokens_per_second"]["basis"], "profile");
  EXPECT_EQ(verdict["memory"]["available_bytes"], 12'000'000'000);
  EXPECT_EQ((*document)["machine"]["cpu"]["logical_cores"], 20);
}

TEST_F(RecordedLaptop, WithoutWhatWasFreeAllOfItsMemoryCounts) {
  set_memory("MemTotal: 15728640 kB\n");
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", profile(), "--bandwidth", "60G"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("of the 16.1 GB available"));
  EXPECT_THAT(answer.standard_output, HasSubstr("all of it: what was free is not told"));
}

TEST_F(RecordedLaptop, ModelsAreRecommendedForIt) {
  const ProgramRun answer =
      run({"recommend", "--machine", profile(), "--bandwidth", "60G", "--json"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  const auto document = parse_json(answer.standard_output, "stdout");
  ASSERT_TRUE(document);
  EXPECT_EQ((*document)["machine"]["cpu"]["logical_cores"], 20);
}

TEST_F(RecordedLaptop, AResultOfAnotherMachineDescribesThatToo) {
  const ProgramRun answer = run({"can-run", "qwen3-4b", "--bandwidth", "60G", "--machine",
                                 k_fixtures + "results/result-1.json"});
  EXPECT_EQ(answer.exit_code, 0) << answer.standard_error;
  EXPECT_THAT(answer.standard_output, HasSubstr("estimated from the memory bandwidth alone"));
}

TEST(MachineOption, AWrongFileIsRefusedByName) {
  const TemporaryDirectory place;
  const auto refused = [&place](const char* name, const std::string& content) {
    const std::string file = place.write(name, content).string();
    const ProgramRun answer = run({"can-run", "qwen3-4b", "--machine", file});
    EXPECT_EQ(answer.exit_code, 3) << content;
    EXPECT_THAT(answer.standard_error, HasSubstr(name));
    return answer.standard_error;
  };
  refused("empty.json", "");
  refused("text.json", "hello");
  refused("other.json", "{\"schema\": \"other/1\"}");
  const ProgramRun described = run({"probe", "--json"});
  auto document = parse_json(described.standard_output, "stdout");
  ASSERT_TRUE(document);
  Json wrong = *document;
  wrong["machine"]["memory"]["total_bytes"] = "much";
  EXPECT_THAT(refused("field.json", wrong.dump()), HasSubstr("/machine/memory/total_bytes"));
  wrong = *document;
  wrong.erase("machine");
  EXPECT_THAT(refused("none.json", wrong.dump()), HasSubstr("machine: missing"));
  EXPECT_EQ(run({"can-run", "qwen3-4b", "--machine", "/nowhere.json"}).exit_code, 3);
}

TEST(MachineOption, AMachineBeyondMeasureIsJudgedWithoutHarm) {
  const TemporaryDirectory place;
  const ProgramRun described = run({"probe", "--json"});
  auto document = parse_json(described.standard_output, "stdout");
  ASSERT_TRUE(document);
  for (const char* count : {"physical_cores", "logical_cores", "usable_cpus"}) {
    (*document)["machine"]["cpu"][count] = 4294967295U;
  }
  (*document)["machine"]["memory"] = {{"total_bytes", 9007199254740991}};
  const std::string file = place.write("giant.json", document->dump()).string();
  const ProgramRun answer =
      run({"can-run", "qwen3-4b", "--machine", file, "--bandwidth", "50G", "--quiet"});
  EXPECT_EQ(answer.signal, 0);
  EXPECT_THAT(answer.exit_code, testing::AnyOf(0, 1, 3, 6)) << answer.standard_error;
  EXPECT_LT(answer.peak_bytes, 1'000'000'000U);
}

}  // namespace
}  // namespace assay
