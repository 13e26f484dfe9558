#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/embedded.hpp"
#include "reports/document.hpp"
#include "sample_assessment.hpp"

namespace assay {
namespace {

/// The schema validator reads the library's unordered JSON.
nlohmann::json unordered(const Json& json) { return nlohmann::json::parse(json.dump()); }

class ResultSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto text = embedded_file(k_result_schema_file);
    ASSERT_TRUE(text);
    const nlohmann::json json = nlohmann::json::parse(*text);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(json), schema_);
  }

  /// Whether the schema accepts a document; `problems` says why not.
  bool accepts(const Json& document, std::string* problems = nullptr) {
    const nlohmann::json json = unordered(document);
    valijson::Validator validator;
    valijson::ValidationResults results;
    const bool valid =
        validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(json), &results);
    valijson::ValidationResults::Error error;
    while (problems != nullptr && results.popError(error)) {
      *problems += fmt::format("{}: {}\n", fmt::join(error.context, ""), error.description);
    }
    return valid;
  }

  valijson::Schema schema_;
};

TEST_F(ResultSchema, AcceptsWhatIsWritten) {
  std::string problems;
  EXPECT_TRUE(accepts(document_from(sample_assessment()), &problems)) << problems;
}

TEST_F(ResultSchema, AcceptsAnAssessmentOfNothing) {
  std::string problems;
  EXPECT_TRUE(accepts(document_from(Assessment{}), &problems)) << problems;
}

TEST_F(ResultSchema, AcceptsTheDocumentsOfEveryReleasedVersion) {
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / "results")) {
    if (entry.path().extension() != ".json") continue;
    const auto document = read_json_file(entry.path());
    ASSERT_TRUE(document) << document.error().text();
    std::string problems;
    EXPECT_TRUE(accepts(*document, &problems)) << entry.path() << "\n" << problems;
  }
}

TEST_F(ResultSchema, AcceptsFieldsAndNamesOfLaterMinorVersions) {
  Json document = document_from(sample_assessment());
  document["schema"] = "assay.result/1.2";
  document["later"] = 1;
  document["runs"][0]["validity"] = "suspicious";
  EXPECT_TRUE(accepts(document));
}

TEST_F(ResultSchema, RejectsWhatTheReaderRefuses) {
  const std::pair<const char*, Json> breaks[] = {
      {"/schema", "assay.result/2"},
      {"/run_id", 3},
      {"/machine/cpu/physical_cores", "many"},
      {"/machine/memory/total_bytes", -1},
      {"/micro/read_bandwidth_bytes_per_second", Json::array()},
      {"/micro/read_bandwidth_bytes_per_second/two", 7},
      {"/runs/1/engine/threads", 2.5},
      {"/runs/0/decode/tokens_per_second/samples/2", "fast"},
      {"/runs/0/decode/tokens_per_second/samples", Json::array()},
      {"/verdicts/2/memory", 1},
      {"/verdicts/2/decode_tokens_per_second/low", "slow"},
      {"/recommendation/ranking/0", Json::array()},
      {"/reasons/~1runs~10~1energy", 7}};
  for (const auto& [pointer, value] : breaks) {
    Json document = document_from(sample_assessment());
    document[Json::json_pointer(pointer)] = value;
    EXPECT_FALSE(accepts(document)) << pointer;
    EXPECT_FALSE(read_document(document, "d")) << pointer;
  }
}

TEST_F(ResultSchema, RejectsADocumentThatLacksAPart) {
  for (const char* key :
       {"schema", "run_id", "started_at", "tool", "machine", "environment", "micro", "runs",
        "predictions", "verdicts", "recommendation", "sources", "reasons"}) {
    Json document = document_from(sample_assessment());
    document.erase(key);
    EXPECT_FALSE(accepts(document)) << key;
  }
}

}  // namespace
}  // namespace assay
