#include "reference-engine/gguf/gguf_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference-engine/golden/gguf_builder.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

class GgufWriter : public testing::Test {
 protected:
  /// What a file of these bytes declares.
  GgufFile read(const std::string& bytes) {
    return GgufFile::open(directory_.write("file.gguf", bytes)).value();
  }
  static GgufContent content_of(const GgufFile& file) {
    GgufContent content;
    for (const std::string& key : file.keys()) content.keys.push_back({key, *file.find(key)});
    content.tensors = file.tensors();
    return content;
  }

  TemporaryDirectory directory_;
};

TEST_F(GgufWriter, WritesEveryTypeOfValueAsItWasRead) {
  GgufBuilder builder;
  builder.set<std::uint8_t>("u8", GgufType::u8, 200).set<std::int8_t>("i8", GgufType::i8, -5);
  builder.set<std::uint16_t>("u16", GgufType::u16, 60000);
  builder.set<std::int16_t>("i16", GgufType::i16, -7).set<std::int32_t>("i32", GgufType::i32, -8);
  builder.set_u32("u32", 4000000000U);
  builder.set<std::uint64_t>("u64", GgufType::u64, std::uint64_t{1} << 40U);
  builder.set<std::int64_t>("i64", GgufType::i64, -9).set_f32("f32", 0.1F);
  builder.set("f64", GgufType::f64, 0.1).set_bool("yes", true).set_bool("no", false);
  builder.set_text("text", "hello").set_text("empty", "");
  builder.set_texts("texts", std::vector<std::string>{"a", "", "bc"});
  builder.set_numbers<float>("floats", GgufType::f32, std::vector<float>{1.5F, 2.5F});
  builder.set_numbers<std::int16_t>("none", GgufType::i16, {});
  const std::string bytes = builder.build();
  GgufContent content = content_of(read(bytes));
  const auto header = lay_out_gguf(content);
  ASSERT_TRUE(header) << header.error().text();
  EXPECT_EQ(header->substr(0, bytes.size()), bytes);
}

TEST_F(GgufWriter, PlacesTensorsWhereTheReaderFindsThem) {
  GgufBuilder builder;
  builder.set_u32("general.alignment", 64);
  const std::vector<float> three{1.0F, 2.0F, 3.0F};
  builder.add_f32("a", {3}, three).add_f32("b", {1, 3}, three);
  builder.alignment = 64;
  GgufContent content = content_of(read(builder.build()));
  content.tensors[1].dims = {32, 2};
  content.tensors[1].format = WeightFormat::q8_0;
  const auto header = lay_out_gguf(content);
  ASSERT_TRUE(header) << header.error().text();
  EXPECT_EQ(header->size() % 64, 0U);
  const GgufFile file = read(*header + std::string(64 + 128, '\0'));
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensor("a")->offset, header->size());
  EXPECT_EQ(file.tensor("b")->offset, header->size() + 64);
  EXPECT_EQ(file.tensor("b")->bytes, 68U);
  EXPECT_EQ(content.tensors[1].offset, file.tensor("b")->offset);
  EXPECT_EQ(content.tensors[1].bytes, 68U);
}

TEST_F(GgufWriter, ReplacesAKeyInItsPlace) {
  GgufContent content;
  content.set("a", {GgufType::u32, std::uint64_t{1}});
  content.set("b", {GgufType::u32, std::uint64_t{2}});
  content.set("a", {GgufType::string, std::string("three")});
  ASSERT_EQ(content.keys.size(), 2U);
  EXPECT_EQ(content.keys[0].name, "a");
  EXPECT_EQ(std::get<std::string>(content.keys[0].value.value), "three");
}

struct Wrong {
  const char* what;
  void (*spoil)(GgufContent& content);
  const char* message;
};

class GgufWriterRefusal : public testing::TestWithParam<Wrong> {};

TEST_P(GgufWriterRefusal, RefusesWhatTheReaderWould) {
  GgufContent content;
  content.set("key", {GgufType::u32, std::uint64_t{1}});
  content.tensors.push_back({"tensor", {32, 2}, WeightFormat::q8_0, 0, 0});
  ASSERT_TRUE(lay_out_gguf(content));
  GetParam().spoil(content);
  const auto header = lay_out_gguf(content);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::refused_input);
  EXPECT_THAT(header.error().text(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Contents, GgufWriterRefusal,
    testing::Values(
        Wrong{"EmptyKey", [](GgufContent& c) { c.keys[0].name.clear(); }, "a key of 0 bytes"},
        Wrong{"InvisibleKey", [](GgufContent& c) { c.keys[0].name = "a b"; }, "printable ASCII"},
        Wrong{"LongKey", [](GgufContent& c) { c.keys[0].name.assign(65536, 'k'); }, "65535"},
        Wrong{"KeyTwice", [](GgufContent& c) { c.keys.push_back(c.keys[0]); }, "given twice"},
        Wrong{"Alignment",
              [](GgufContent& c) { c.set("general.alignment", {GgufType::u32, std::uint64_t{3}}); },
              "power of two"},
        Wrong{"TensorTwice", [](GgufContent& c) { c.tensors.push_back(c.tensors[0]); },
              "listed twice"},
        Wrong{"LongName", [](GgufContent& c) { c.tensors[0].name.assign(65, 't'); }, "65 bytes"},
        Wrong{"NoDimensions", [](GgufContent& c) { c.tensors[0].dims.clear(); }, "1 to 4"},
        Wrong{"RemovedFormat",
              [](GgufContent& c) { c.tensors[0].format = static_cast<WeightFormat>(4); }, "1 to 4"},
        Wrong{"PartOfABlock", [](GgufContent& c) { c.tensors[0].dims[0] = 33; },
              "a multiple of 32"},
        Wrong{"ZeroRows", [](GgufContent& c) { c.tensors[0].dims[1] = 0; }, "no size"},
        Wrong{"MoreThanAFile",
              [](GgufContent& c) {
                c.tensors[0].dims = {std::uint64_t{1} << 40U, std::uint64_t{1} << 40U};
              },
              "no size"}),
    [](const auto& tested) { return std::string(tested.param.what); });

}  // namespace
}  // namespace assay
