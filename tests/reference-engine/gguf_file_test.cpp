#include "reference-engine/gguf_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <limits>

#include "reference-engine/tokenizer.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/seeded_models.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

/// What a user meets: everything that is checked before a model is loaded. Empty when all is well.
std::string refusal(const std::filesystem::path& path) {
  const auto file = GgufFile::open(path);
  if (!file) return file.error().text();
  const auto spec = model_spec(*file);
  if (!spec) return spec.error().text();
  const auto plan = tensor_plan(*file, *spec);
  if (!plan) return plan.error().text();
  const auto tokenizer = Tokenizer::from(*file);
  return tokenizer ? std::string() : tokenizer.error().text();
}

class GgufFileOnDisk : public testing::Test {
 protected:
  TemporaryDirectory directory;
};

TEST_F(GgufFileOnDisk, KeepsEveryTypeOfValue) {
  GgufBuilder builder;
  builder.set<std::uint8_t>("u8", GgufType::u8, 200).set<std::int8_t>("i8", GgufType::i8, -5);
  builder.set<std::uint16_t>("u16", GgufType::u16, 60000);
  builder.set<std::int16_t>("i16", GgufType::i16, 7).set<std::int32_t>("i32", GgufType::i32, 8);
  builder.set<std::uint64_t>("u64", GgufType::u64, std::uint64_t{1} << 40U);
  builder.set<std::int64_t>("i64", GgufType::i64, 9).set_f32("f32", 0.5F);
  builder.set("f64", GgufType::f64, 0.25).set_bool("yes", true).set_text("text", "hello");
  builder.set_texts("texts", std::vector<std::string>{"a", "", "bc"});
  builder.set_numbers<float>("floats", GgufType::f32, std::vector<float>{1.5F, 2.5F});
  const auto file = GgufFile::open(directory.write("types.gguf", builder.build()));
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->count("u8").value(), 200U);
  EXPECT_EQ(file->count("u16").value(), 60000U);
  EXPECT_EQ(file->count("i16").value(), 7U);
  EXPECT_EQ(file->count("i32").value(), 8U);
  EXPECT_EQ(file->count("u64").value(), std::uint64_t{1} << 40U);
  EXPECT_EQ(file->count("i64").value(), 9U);
  EXPECT_EQ(file->number("f32").value(), 0.5);
  EXPECT_EQ(file->number("f64").value(), 0.25);
  EXPECT_TRUE(file->flag("yes").value());
  EXPECT_EQ(file->text("text").value(), "hello");
  const GgufArray& texts = **file->array("texts", GgufType::string);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts.text(0), "a");
  EXPECT_EQ(texts.text(1), "");
  EXPECT_EQ(texts.text(2), "bc");
  EXPECT_EQ((*file->array("floats", GgufType::f32))->number<float>(1), 2.5F);
}

TEST_F(GgufFileOnDisk, GettersRefuseOtherTypesAndNameTheKey) {
  GgufBuilder builder;
  builder.set<std::int8_t>("minus", GgufType::i8, -5).set_f32("half", 0.5F).set_text("t", "x");
  const auto path = directory.write("getters.gguf", builder.build());
  const auto file = GgufFile::open(path);
  ASSERT_TRUE(file) << file.error().text();
  const std::string name = path.string();
  EXPECT_EQ(file->count("minus").error().text(),
            name + ": minus: i8 -5 (expected a non-negative integer)");
  EXPECT_EQ(file->count("half").error().text(),
            name + ": half: f32 (expected a non-negative integer)");
  EXPECT_EQ(file->number("t").error().text(), name + ": t: string 'x' (expected f32 or f64)");
  EXPECT_EQ(file->text("nothing").error().text(), name + ": nothing: missing (expected string)");
  EXPECT_EQ(file->flag_or("nothing", true).value(), true);
  EXPECT_FALSE(file->flag_or("t", true));
}

TEST_F(GgufFileOnDisk, FindsTensorsWhereTheyLie) {
  GgufBuilder builder;
  builder.add_f32("a", {2}, std::vector<float>{1.0F, 2.0F});
  builder.add_f32("b", {1, 2}, std::vector<float>{3.0F, 4.0F});
  const auto file = GgufFile::open(directory.write("tensors.gguf", builder.build()));
  ASSERT_TRUE(file) << file.error().text();
  const GgufTensor* b = file->tensor("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->bytes, 8U);
  std::array<float, 2> values{};
  ASSERT_TRUE(file->file().read_at(b->offset, std::as_writable_bytes(std::span(values))));
  EXPECT_EQ(values[1], 4.0F);
  EXPECT_EQ(file->tensor("c"), nullptr);
}

TEST_F(GgufFileOnDisk, EscapesTextsOfTheFileInMessages) {
  GgufBuilder builder = seeded_model("llama-gqa");
  builder.set_text("general.architecture", "\x1b[31mred\n");
  const std::string message = refusal(directory.write("escape.gguf", builder.build()));
  EXPECT_THAT(message, HasSubstr("general.architecture: '\\x1B[31mred\\x0A' is not supported"));
}

TEST_F(GgufFileOnDisk, CutsTextsOfTheFileInMessages) {
  GgufBuilder builder = seeded_model("llama-gqa");
  builder.set_text("general.architecture", std::string(8U << 20U, 'x'));
  EXPECT_LT(refusal(directory.write("long.gguf", builder.build())).size(), 500U);
}

TEST_F(GgufFileOnDisk, RefusesWhatIsNoRegularFile) {
  const std::filesystem::path fifo = directory.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_symlink("loop", directory.path() / "loop");
  std::filesystem::create_symlink("gone", directory.path() / "dangling");
  EXPECT_THAT(refusal(directory.path()), HasSubstr("is a directory"));
  EXPECT_THAT(refusal(fifo), HasSubstr("fifo: is not a regular file"));
  EXPECT_THAT(refusal(directory.path() / "loop"), HasSubstr("loop: cannot be opened"));
  EXPECT_THAT(refusal(directory.path() / "dangling"), HasSubstr("dangling: cannot be opened"));
  EXPECT_THAT(refusal(directory.path() / "missing"), HasSubstr("missing: cannot be opened"));
  EXPECT_THAT(refusal("/dev/null"), HasSubstr("/dev/null: is not a regular file"));
  EXPECT_THAT(refusal("/dev/zero"), HasSubstr("/dev/zero: is not a regular file"));
}

TEST_F(GgufFileOnDisk, ReadsAVocabularyOf150000TokensAtOnce) {
  std::vector<std::string> tokens;
  std::vector<std::string> merges;
  for (int i = 0; i < 150000; ++i) {
    tokens.push_back("token" + std::to_string(i));
    merges.push_back("tok en" + std::to_string(i));
  }
  GgufBuilder builder;
  builder.set_texts("tokenizer.ggml.tokens", tokens).set_texts("tokenizer.ggml.merges", merges);
  const auto path = directory.write("vocabulary.gguf", builder.build());
  const auto file = GgufFile::open(path);
  ASSERT_TRUE(file) << file.error().text();
  const GgufArray& read = **file->array("tokenizer.ggml.tokens", GgufType::string);
  EXPECT_EQ(read.size(), 150000U);
  EXPECT_EQ(read.text(149999), "token149999");
}

}  // namespace
}  // namespace assay
