#include "reports/document.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "sample_assessment.hpp"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json sample_document() { return document_from(sample_assessment()); }

TEST(Document, HasExactlyTheFieldsOfTheContract) {
  std::vector<std::string> keys;
  const Json document = sample_document();
  for (const auto& [key, value] : document.items()) keys.push_back(key);
  EXPECT_THAT(keys, ::testing::UnorderedElementsAre(
                        "schema", "run_id", "started_at", "command", "partial", "failed", "tool",
                        "machine", "environment", "micro", "runs", "skipped", "predictions",
                        "verdicts", "recommendation", "checks", "sources", "reasons"));
  EXPECT_EQ(document["schema"], "assay.result/1");
}

TEST(Document, IsTheSameAfterReadingAndWriting) {
  const Json document = sample_document();
  const auto back = read_document(document, "sample");
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(document_from(*back).dump(1), document.dump(1));
}

TEST(Document, OfAnEmptyAssessmentIsReadable) {
  Assessment empty;
  empty.run_id = "x";
  const auto back = read_document(document_from(empty), "empty");
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_FALSE(back->machine);
  EXPECT_FALSE(back->recommendation);
}

TEST(Document, OfEveryReleasedVersionCanBeRead) {
  const std::filesystem::path folder =
      std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / "results";
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const auto assessment = read_document_file(entry.path());
    ASSERT_TRUE(assessment) << assessment.error().text();
    EXPECT_FALSE(assessment->run_id.empty());
    EXPECT_FALSE(assessment->runs.empty());
    ++read;
  }
  EXPECT_GE(read, 1U);
}

TEST(DocumentReader, IgnoresFieldsItDoesNotKnow) {
  Json document = sample_document();
  document["later"] = {{"a", 1}};
  document["machine"]["cpu"]["later"] = "x";
  document["runs"][0]["later"] = Json::array({1});
  EXPECT_TRUE(read_document(document, "d"));
}

TEST(DocumentReader, TakesUnknownEnumeratorsAsDoubt) {
  Json document = sample_document();
  document["runs"][0]["validity"] = "suspicious";
  document["verdicts"][0]["verdict"] = "splendid";
  document["verdicts"][0]["limit"] = "fashion";
  const auto read = read_document(document, "d");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->runs[0].validity, Validity::unstable);
  EXPECT_EQ(read->verdicts[0].verdict, VerdictKind::unknown);
}

struct SchemaCase {
  const char* schema;
  const char* expected;  // nullptr: accepted
};

class SchemaVersion : public ::testing::TestWithParam<SchemaCase> {};

TEST_P(SchemaVersion, IsAcceptedOrRefusedByName) {
  Json document = sample_document();
  document["schema"] = GetParam().schema;
  const auto read = read_document(document, "r.json");
  if (GetParam().expected == nullptr) {
    EXPECT_TRUE(read);
    return;
  }
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::refused_input);
  EXPECT_THAT(read.error().text(),
              AllOf(HasSubstr("r.json: /schema: "), HasSubstr(GetParam().expected),
                    HasSubstr(GetParam().schema)));
}

INSTANTIATE_TEST_SUITE_P(
    All, SchemaVersion,
    ::testing::Values(SchemaCase{"assay.result/1", nullptr},
                      SchemaCase{"assay.result/1.4", nullptr},
                      SchemaCase{"assay.result/2", "newer"}, SchemaCase{"assay.result/10", "newer"},
                      SchemaCase{"assay.result/", "expected \"assay.result/1\""},
                      SchemaCase{"assay.result/1x", "expected"},
                      SchemaCase{"assay.result/99999999999999", "expected"},
                      SchemaCase{"assay.policy/1", "expected"}));

TEST(DocumentReader, NamesTheFieldOfAWrongType) {
  const std::pair<const char*, Json> breaks[] = {
      {"/run_id", 3},
      {"/partial", "no"},
      {"/machine/cpu/physical_cores", "many"},
      {"/environment/threads", -1},
      {"/micro/read_bandwidth_bytes_per_second", Json::array()},
      {"/runs/1/engine/threads", 2.5},
      {"/runs/0/decode/tokens_per_second/samples/2", "fast"},
      {"/verdicts/2/memory", 1},
      {"/skipped", "all"},
      {"/recommendation/ranking/0", Json::array()},
      {"/reasons/~1runs~10~1energy", 7}};  // escaped in the pointer, plain in the message
  for (const auto& [pointer, value] : breaks) {
    Json document = sample_document();
    document[Json::json_pointer(pointer)] = value;
    const auto read = read_document(document, "r.json");
    ASSERT_FALSE(read) << pointer;
    EXPECT_EQ(read.error().code, ErrorCode::refused_input);
    const std::string named = std::string(pointer).substr(0, 9);
    EXPECT_THAT(read.error().text(), HasSubstr("r.json: " + named)) << pointer;
  }
}

TEST(DocumentReader, DerivesStatisticsFromTheSamplesAlone) {
  Json document = sample_document();
  document["runs"][0]["decode"]["tokens_per_second"]["median"] = 9999.0;
  document["runs"][0]["decode"]["tokens_per_second"]["ci95"] = {9998.0, 10000.0};
  const auto read = read_document(document, "d");
  ASSERT_TRUE(read);
  // Samples 29.4, 29.7, 30, 30.15, 30.3, 30.6: the median is (30 + 30.15) / 2.
  EXPECT_DOUBLE_EQ(read->runs[0].decode_tokens_per_second->median, 30.075);
}

TEST(DocumentReader, RefusesWhatIsNoDocument) {
  for (const char* text : {"", "[]", "null", "7", "{", "{}", "\"assay.result/1\"",
                           "{\"schema\": 1}", "{\"schema\": \"assay.result/1\"}",
                           "{\"schema\": \"assay.result/1\", \"schema\": \"assay.result/1\"}"}) {
    const auto read = parse_document(text, "x");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::refused_input) << text;
  }
}

/// Whatever happens to one value of a document, reading it gives a value or an error and no more.
TEST(DocumentReader, SurvivesEveryValueReplaced) {
  const Json document = sample_document();
  const Json strange[] = {
      nullptr,       true,          -1, 1e308, 18446744073709551615U, "", "\x1b[2J",
      Json::array(), Json::object()};
  const Json flat = document.flatten();
  std::size_t refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.starts_with("/sources") || pointer.starts_with("/reasons")) continue;
    for (const Json& other : strange) {
      Json changed = document;
      changed[Json::json_pointer(pointer)] = other;
      const auto read = read_document(changed, "d");
      if (read) {
        EXPECT_TRUE(document_from(*read).is_object());
      } else {
        ++refused;
      }
      (void)check_document(changed, "d");
    }
  }
  EXPECT_GT(refused, flat.size());
}

TEST(DocumentCheck, FindsNothingWrongWithASoundDocument) {
  for (const DocumentProblem& problem : check_document(sample_document(), "d")) {
    ADD_FAILURE() << problem.pointer << ": " << problem.message;
  }
}

TEST(DocumentCheck, NamesEveryPartThatIsWrong) {
  Json document = sample_document();
  document["tool"] = 1;
  document["runs"][1]["workload"] = 2;
  document["verdicts"][0]["model"] = nullptr;
  const auto problems = check_document(document, "d");
  EXPECT_THAT(problems, Contains(Field(&DocumentProblem::pointer, "/tool")));
  EXPECT_THAT(problems, Contains(Field(&DocumentProblem::pointer, "/runs/1/workload")));
  EXPECT_THAT(problems, Contains(Field(&DocumentProblem::pointer, "/verdicts/0/model")));
}

struct Contradiction {
  const char* pointer;  // what is changed
  Json value;
  const char* named;  // where the problem is reported
};

class ContradictoryDocument : public ::testing::TestWithParam<Contradiction> {};

TEST_P(ContradictoryDocument, IsFound) {
  Json document = sample_document();
  document[Json::json_pointer(GetParam().pointer)] = GetParam().value;
  EXPECT_THAT(check_document(document, "d"),
              Contains(Field(&DocumentProblem::pointer, GetParam().named)));
}

INSTANTIATE_TEST_SUITE_P(
    All, ContradictoryDocument,
    ::testing::Values(
        Contradiction{"/runs/0/decode/tokens_per_second/median", 31.0,
                      "/runs/0/decode/tokens_per_second/median"},
        Contradiction{"/runs/0/decode/tokens_per_second/ci95", Json::array({1.0, 2.0}),
                      "/runs/0/decode/tokens_per_second/ci95"},
        Contradiction{"/micro/fma_flops_per_second/1/n", 4, "/micro/fma_flops_per_second/1/n"},
        Contradiction{"/runs/0/verification/passed", false, "/runs/0/validity"},
        Contradiction{"/runs/0/decode/bytes_per_token", 2e9, "/runs/0/decode/tokens_per_second"},
        Contradiction{"/verdicts/0/decode_tokens_per_second/low", 26.0,
                      "/verdicts/0/decode_tokens_per_second"},
        Contradiction{"/run_id", "7B1F", "/run_id"},
        Contradiction{"/started_at", "yesterday", "/started_at"}));

// 1.5 GB a token at about 30 tokens/s are 45 GB/s, a GB of them out of the cache.
TEST(DocumentCheck, CountsOnlyWhatIsReadFromMemory) {
  Assessment assessment = sample_assessment();
  assessment.machine->cpu.caches = Fact<std::vector<CacheLevel>>::known(
      {{3, "unified", Bytes(1'000'000'000), 1}}, "a recording");
  assessment.runs.front().decode_bytes_per_token = 1.5e9;
  EXPECT_THAT(check_document(document_from(assessment), "d"), IsEmpty());
}

TEST(DocumentCheck, SaysWhyAPromptIsNotPredicted) {
  Assessment assessment = sample_assessment();
  assessment.verdicts.front().prediction.time_to_first_token_seconds = {};
  EXPECT_EQ(document_from(assessment)["reasons"]["/verdicts/0/time_to_first_token_seconds"],
            "what decode is predicted from says nothing of prompts");
}

TEST(DocumentCheck, AsksForTheReasonOfANull) {
  Json document = sample_document();
  document["reasons"].erase("/machine/memory/theoretical_bandwidth_bytes_per_second");
  EXPECT_THAT(check_document(document, "d"),
              Contains(Field(&DocumentProblem::pointer,
                             "/machine/memory/theoretical_bandwidth_bytes_per_second")));
}

}  // namespace
}  // namespace assay
