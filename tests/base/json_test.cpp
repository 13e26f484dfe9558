#include "base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(ParseJson, RefusesWhatIsBrokenAndNamesTheSource) {
  for (const std::string text :
       {"", "{", "[1,]", "{\"a\":1}x", "NaN", "\xff", "{\"a\":\"\xff\"}", "{\"a\":1,\"a\":2}"}) {
    const auto result = parse_json(text, "x.json");
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::refused_input);
    EXPECT_THAT(result.error().text(), HasSubstr("x.json: is not valid JSON"));
  }
}

TEST(JsonText, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(json_text(Json{{"file", "a\xFF"}}), "{\n  \"file\": \"a\xEF\xBF\xBD\"\n}\n");
}

TEST(ParseJson, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(60), "x"));
  EXPECT_FALSE(parse_json(nested(70), "x"));
  EXPECT_FALSE(parse_json(std::string(1000000, '['), "x"));
}

TEST(ParseJson, AcceptsAByteOrderMark) { EXPECT_TRUE(parse_json("\xEF\xBB\xBF{}", "x")); }

class JsonFieldsTest : public ::testing::Test {
 protected:
  Json json_ = *parse_json(
      R"({"name": "a", "n": 3, "x": 1.5, "flag": true, "none": null, "minus": -1,
          "list": [1, "b"], "inner": {"y": "z"}, "rows": [{"k": 1}, 2]})",
      "x.json");
  JsonFields fields_{json_, "x.json"};
};

TEST_F(JsonFieldsTest, ReadsWhatIsThere) {
  EXPECT_EQ(*fields_.text("name"), "a");
  EXPECT_EQ(*fields_.count("n"), 3U);
  EXPECT_EQ(*fields_.number("x"), 1.5);
  EXPECT_EQ(*fields_.number("n"), 3.0);
  EXPECT_TRUE(*fields_.flag("flag"));
  EXPECT_EQ(*fields_.object("inner")->text("y"), "z");
}

TEST_F(JsonFieldsTest, NeverCastsAnotherType) {
  EXPECT_FALSE(fields_.count("x"));
  EXPECT_FALSE(fields_.count("minus"));
  EXPECT_FALSE(fields_.text("n"));
  EXPECT_FALSE(fields_.flag("n"));
  EXPECT_FALSE(fields_.number("name"));
}

TEST_F(JsonFieldsTest, NamesTheFieldByItsPointer) {
  EXPECT_EQ(fields_.object("inner")->number("y").error().text(),
            "x.json: /inner/y: \"z\" found (expected a number)");
  EXPECT_THAT(fields_.numbers("list").error().text(), HasSubstr("/list/1: \"b\" found"));
  EXPECT_THAT(fields_.objects("rows").error().text(), HasSubstr("/rows/1: 2 (expected an object)"));
  EXPECT_THAT(fields_.text("none").error().text(), HasSubstr("/none: missing"));
}

TEST_F(JsonFieldsTest, TakesNullForMissingWhereItIsOptional) {
  EXPECT_EQ(*fields_.optional_text("none"), std::nullopt);
  EXPECT_EQ(*fields_.optional_text("absent"), std::nullopt);
  EXPECT_FALSE(fields_.optional_text("n"));
}

TEST(ParseJson, TakesNulForNoEnd) {
  using namespace std::string_view_literals;
  const auto json = parse_json("{}\0{"sv, "doc");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().text(), "doc: is not valid JSON: byte 2 is NUL");
}

}  // namespace
}  // namespace assay
