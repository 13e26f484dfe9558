#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "reference-engine/quant/definition.hpp"
#include "reference-engine/quantisation.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

using testing::HasSubstr;

class QuantiseModel : public testing::Test {
 protected:
  Result<Quantisation> quantise(const std::filesystem::path& in, Recipe recipe,
                                unsigned threads = 1, const std::stop_token& stop = {}) {
    const auto file = GgufFile::open(in);
    if (!file) return pass_on(file);
    auto out = OutputFile::create(out_);
    if (!out) return pass_on(out);
    ThreadPool pool(threads);
    auto done = quantise_model(*file, recipe, pool, *out, stop, [](std::string_view, double) {});
    if (done) {
      EXPECT_TRUE(out->commit());
    }
    return done;
  }
  static std::vector<std::byte> bytes_of(const GgufFile& file, const GgufTensor& tensor) {
    std::vector<std::byte> bytes(tensor.bytes);
    EXPECT_TRUE(file.file().read_at(tensor.offset, bytes));
    return bytes;
  }
  std::string content() { return read_file(out_, mebibytes(16)).value(); }
  /// A golden model, its first matrix beginning with `value`.
  std::filesystem::path spoilt(float value) {
    const std::filesystem::path model = golden_.file("stories260K");
    std::string bytes = read_file(model, mebibytes(16)).value();
    const GgufFile file = GgufFile::open(model).value();
    std::memcpy(bytes.data() + file.tensor("token_embd.weight")->offset, &value, sizeof(value));
    return directory_.write("spoilt.gguf", bytes);
  }

  GoldenModels golden_;
  TemporaryDirectory directory_;
  std::filesystem::path out_ = directory_.path() / "out.gguf";
};

TEST_F(QuantiseModel, GivesEachTensorTheFormatOfTheRecipe) {
  const auto done = quantise(golden_.file("llama-wide-BF16"), Recipe::q4_k_m);
  ASSERT_TRUE(done) << done.error().text();
  const GgufFile made = GgufFile::open(out_).value();
  const GgufFile published = GgufFile::open(golden_.file("llama-wide-Q4_K_M")).value();
  ASSERT_EQ(made.tensors().size(), published.tensors().size());
  for (const GgufTensor& tensor : made.tensors()) {
    ASSERT_NE(published.tensor(tensor.name), nullptr) << tensor.name;
    EXPECT_EQ(format_name(tensor.format), format_name(published.tensor(tensor.name)->format))
        << tensor.name;
  }
  EXPECT_TRUE(tensor_plan(made, model_spec(made).value()));
  EXPECT_EQ(made.file().size(), done->file_bytes);
}

// As the public quantiser does.
TEST_F(QuantiseModel, LeavesTheProjectionOfLayerInputsAsItIs) {
  ASSERT_TRUE(quantise(golden_.file("gemma4"), Recipe::q8_0));
  const GgufFile made = GgufFile::open(out_).value();
  const GgufFile before = GgufFile::open(golden_.file("gemma4")).value();
  const GgufTensor& kept = *made.tensor("per_layer_model_proj.weight");
  EXPECT_EQ(kept.format, WeightFormat::f32);
  EXPECT_EQ(bytes_of(made, kept), bytes_of(before, *before.tensor(kept.name)));
  EXPECT_EQ(made.tensor("per_layer_token_embd.weight")->format, WeightFormat::q8_0);
  EXPECT_EQ(made.tensor("blk.0.inp_gate.weight")->format, WeightFormat::q8_0);
  EXPECT_EQ(made.tensor("blk.0.layer_output_scale.weight")->format, WeightFormat::f32);
  EXPECT_TRUE(tensor_plan(made, model_spec(made).value()));
}

TEST_F(QuantiseModel, KeepsKeysAndVectorsAndSaysWhatItDid) {
  const std::filesystem::path model = golden_.file("stories260K");
  ASSERT_TRUE(quantise(model, Recipe::q8_0));
  const GgufFile before = GgufFile::open(model).value();
  const GgufFile after = GgufFile::open(out_).value();
  for (const std::string& key : before.keys()) EXPECT_TRUE(after.has(key)) << key;
  const GgufArray& tokens = **before.array("tokenizer.ggml.tokens", GgufType::string);
  const GgufArray& kept = **after.array("tokenizer.ggml.tokens", GgufType::string);
  ASSERT_EQ(kept.size(), tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) EXPECT_EQ(kept.text(i), tokens.text(i));
  EXPECT_EQ(after.count("general.file_type").value(), 7U);
  EXPECT_EQ(after.count("general.quantization_version").value(), 2U);
  EXPECT_EQ(bytes_of(after, *after.tensor("output_norm.weight")),
            bytes_of(before, *before.tensor("output_norm.weight")));
}

TEST_F(QuantiseModel, ReportsTheErrorOfTheWeights) {
  const auto done = quantise(golden_.file("stories260K"), Recipe::q8_0);
  ASSERT_TRUE(done) << done.error().text();
  const GgufFile before = GgufFile::open(golden_.file("stories260K")).value();
  const GgufFile after = GgufFile::open(out_).value();
  double squares = 0.0;
  double errors = 0.0;
  for (const GgufTensor& tensor : after.tensors()) {
    if (tensor.format != WeightFormat::q8_0) continue;
    const std::size_t count = tensor.dims[0] * tensor.dims[1];
    std::vector<float> values(count);
    std::vector<float> back(count);
    format_definition(WeightFormat::f32)
        ->decode(bytes_of(before, *before.tensor(tensor.name)).data(), count, values.data());
    format_definition(WeightFormat::q8_0)
        ->decode(bytes_of(after, tensor).data(), count, back.data());
    for (std::size_t i = 0; i < count; ++i) {
      squares += std::pow(static_cast<double>(values[i]), 2);
      errors += std::pow(static_cast<double>(values[i]) - static_cast<double>(back[i]), 2);
    }
  }
  // Rows that Q8_0's block does not divide became F16, with errors of their own: 2^-11 against
  // 2^-8.
  EXPECT_NEAR(done->relative_error(), std::sqrt(errors / squares), 0.2 * done->relative_error());
  EXPECT_GT(done->relative_error(), 1e-3);
  EXPECT_LT(done->relative_error(), 1e-2);
}

TEST_F(QuantiseModel, GivesTheSameFileWithAnyNumberOfThreads) {
  ASSERT_TRUE(quantise(golden_.file("llama-wide-BF16"), Recipe::q5_k_m, 1));
  const std::string one = content();
  ASSERT_TRUE(quantise(golden_.file("llama-wide-BF16"), Recipe::q5_k_m, 3));
  EXPECT_TRUE(content() == one);
}

TEST_F(QuantiseModel, WritesAQuantisedFileBackExactly) {
  ASSERT_TRUE(quantise(golden_.file("llama-wide-Q4_K_M"), Recipe::f32));
  const GgufFile quantised = GgufFile::open(golden_.file("llama-wide-Q4_K_M")).value();
  const GgufFile exact = GgufFile::open(out_).value();
  const GgufTensor& from = *quantised.tensor("blk.0.attn_q.weight");
  const GgufTensor& to = *exact.tensor("blk.0.attn_q.weight");
  ASSERT_EQ(to.format, WeightFormat::f32);
  const std::size_t count = to.dims[0] * to.dims[1];
  std::vector<float> expected(count);
  format_definition(from.format)->decode(bytes_of(quantised, from).data(), count, expected.data());
  const std::vector<std::byte> found = bytes_of(exact, to);
  EXPECT_EQ(std::memcmp(found.data(), expected.data(), found.size()), 0);
}

TEST_F(QuantiseModel, CopiesWhatHasTheFormatAlready) {
  const std::filesystem::path model = golden_.file("llama-wide-Q4_0");
  const auto done = quantise(model, Recipe::q4_0);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->relative_error(), 0.0);
  const GgufFile before = GgufFile::open(model).value();
  const GgufFile after = GgufFile::open(out_).value();
  for (const GgufTensor& tensor : before.tensors()) {
    EXPECT_TRUE(bytes_of(before, tensor) == bytes_of(after, *after.tensor(tensor.name)));
  }
}

TEST_F(QuantiseModel, RefusesAWeightThatIsNotFinite) {
  const auto done = quantise(spoilt(std::numeric_limits<float>::quiet_NaN()), Recipe::q8_0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::refused_input);
  EXPECT_THAT(done.error().text(), HasSubstr("'token_embd.weight'"));
  EXPECT_THAT(done.error().text(), HasSubstr("row 0 holds a weight that is not finite"));
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(QuantiseModel, RefusesAWeightBeyondTheRangeOfTheFormat) {
  const auto done = quantise(spoilt(1e6F), Recipe::f16);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::refused_input);
  EXPECT_THAT(done.error().text(), HasSubstr("beyond the range of F16"));
}

TEST_F(QuantiseModel, LeavesNothingBehindWhenItIsStopped) {
  std::stop_source source;
  source.request_stop();
  const auto done = quantise(golden_.file("stories260K"), Recipe::q8_0, 1, source.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::interrupted);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST(FileType, BelongsToItsRecipeBothWays) {
  for (const Recipe recipe : all_recipes()) {
    EXPECT_EQ(recipe_of_file_type(file_type_of(recipe)), recipe) << recipe_name(recipe);
  }
  EXPECT_EQ(file_type_of(Recipe::q4_k_m), 15U);
  EXPECT_FALSE(recipe_of_file_type(1000));
}

}  // namespace
}  // namespace assay
