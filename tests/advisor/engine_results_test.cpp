#include "advisor/engine_results.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A row as llama-bench writes it (the fields of tools/llama-bench of ggml-org/llama.cpp).
std::string row(const std::string& replaced = "\"avg_ts\": 21.5") {
  return fmt::format(
      R"({{"build_commit": "4f2a1c0", "build_number": 6100, "cpu_info": "Some CPU @ 2.50GHz",
      "gpu_info": "", "backends": "CPU", "model_filename": "/home/x/Qwen3-1.7B-Q4_K_M.gguf",
      "model_type": "qwen3 1.7B Q4_K - Medium", "model_size": 1107409472,
      "model_n_params": 1720574976, "n_batch": 2048, "n_threads": 2, "n_gpu_layers": 99,
      "n_prompt": 0, "n_gen": 128, "n_depth": 512, "stddev_ts": 0.2, {}}})",
      replaced);
}

TEST(EngineResults, ReadsWhatLlamaBenchWrites) {
  const auto rows = parse_engine_results("[" + row() + "]", "bench.json");
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 1U);
  const EngineRow& one = rows->front();
  EXPECT_EQ(one.engine, "llama.cpp");
  EXPECT_EQ(one.version, "4f2a1c0");
  EXPECT_EQ(one.cpu, "Some CPU @ 2.50GHz");
  EXPECT_EQ(one.model, "Qwen3-1.7B-Q4_K_M.gguf");
  EXPECT_EQ(one.format, "Q4_K_M");
  EXPECT_EQ(one.parameters, 1720574976U);
  EXPECT_EQ(one.threads, 2U);
  EXPECT_EQ(one.generated_tokens, 128U);
  EXPECT_EQ(one.depth, 512U);
  EXPECT_DOUBLE_EQ(one.tokens_per_second, 21.5);
  EXPECT_THAT(one.unusable, IsEmpty());
}

TEST(EngineResults, ReadsOneRowALine) {
  std::string line = row();
  std::erase(line, '\n');
  const auto rows = parse_engine_results(line + "\n" + line + "\n\n", "bench.jsonl");
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->size(), 2U);
}

TEST(EngineResults, ReadsTheSimpleForm) {
  const auto rows = parse_engine_results(
      R"({"schema": "assay.engine-results/1", "engine": "mistral.rs", "cpu": "Some CPU",
          "rows": [{"model": "qwen3-4b", "format": "Q8_0", "threads": 4, "prompt_tokens": 128,
                    "generated_tokens": 0, "tokens_per_second": 99.5}]})",
      "own.json");
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->front().engine, "mistral.rs");
  EXPECT_EQ(rows->front().prompt_tokens, 128U);
  EXPECT_EQ(rows->front().format, "Q8_0");
}

/// A row with one field's text replaced.
std::string row_with(const std::string& field, const std::string& by) {
  std::string text = row();
  text.replace(text.find(field), field.size(), by);
  return text;
}

std::string why_unusable(const std::string& one) {
  return parse_engine_results("[" + one + "]", "bench.json").value().front().unusable;
}

TEST(EngineResults, SpeedsOfAGpuAreUnusable) {
  const std::string gpu = R"("gpu_info": "A GPU", "backends": "CUDA")";
  std::string on_gpu = row();
  const std::string none = R"("gpu_info": "", "backends": "CPU")";
  on_gpu.replace(on_gpu.find(none), none.size(), gpu);
  EXPECT_THAT(why_unusable(on_gpu), HasSubstr("GPU"));
  const std::string layers = R"("n_gpu_layers": 99)";
  on_gpu.replace(on_gpu.find(layers), layers.size(), R"("n_gpu_layers": 0)");
  EXPECT_THAT(why_unusable(on_gpu), IsEmpty());
}

TEST(EngineResults, MixedAndEmptyWorkIsUnusable) {
  const std::string prompt = R"("n_prompt": 0)";
  EXPECT_THAT(why_unusable(row_with(prompt, R"("n_prompt": 512)")), HasSubstr("mixes"));
  EXPECT_THAT(why_unusable(row_with(R"("n_gen": 128)", R"("n_gen": 0)")), HasSubstr("no token"));
}

struct Refused {
  const char* name;
  std::string text;
  const char* where;
};
class RefusedEngineResults : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedEngineResults, NamesTheFileAndTheField) {
  const auto rows = parse_engine_results(GetParam().text, "bench.json");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::refused_input);
  EXPECT_THAT(rows.error().text(), AllOf(HasSubstr("bench.json"), HasSubstr(GetParam().where)));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, RefusedEngineResults,
    ::testing::Values(Refused{"Empty", "", ""}, Refused{"NoRows", "[]", "no rows"},
                      Refused{"NoObject", "[3]", "/0"}, Refused{"Number", "3", ""},
                      Refused{"Negative", "[" + row(R"("avg_ts": -1.0)") + "]", "/0/avg_ts"},
                      Refused{"Zero", "[" + row(R"("avg_ts": 0)") + "]", "/0/avg_ts"},
                      Refused{"NotANumber", "[" + row(R"("avg_ts": NaN)") + "]", ""},
                      Refused{"Text", "[" + row(R"("avg_ts": "fast")") + "]", "/0/avg_ts"},
                      Refused{"Impossible", "[" + row(R"("avg_ts": 1e300)") + "]", "/0/avg_ts"},
                      Refused{"Missing", "[" + row(R"("other": 1)") + "]", "/0/avg_ts"},
                      Refused{"Markdown", "| model | size |", ""},
                      Refused{"Deep", std::string(100000, '['), ""},
                      Refused{"OtherSchema", R"({"schema": "x"})", "schema"},
                      Refused{
                          "ManyThreads",
                          R"({"schema": "assay.engine-results/1", "engine": "e", "cpu": "c", "rows":
                 [{"model": "m", "format": "Q8_0", "threads": 1000000, "prompt_tokens": 1,
                   "generated_tokens": 0, "tokens_per_second": 1.0}]})",
                          "/rows/0/threads"}),
    [](const auto& one) { return one.param.name; });

TEST(RecipeIn, KnowsTheNamesOfFilesAndOfLlamaBench) {
  EXPECT_EQ(recipe_in("llama 8B Q4_0"), "Q4_0");
  EXPECT_EQ(recipe_in("qwen3 4B Q5_K - Medium"), "Q5_K_M");
  EXPECT_EQ(recipe_in("qwen3 4B Q4_K - Small"), "Q4_K_S");
  EXPECT_EQ(recipe_in("llama 1B BF16"), "BF16");
  EXPECT_EQ(recipe_in("gpt-oss 20B MXFP4 MoE"), "MXFP4");
  EXPECT_EQ(recipe_in("qwen2 1B IQ4_XS - 4.25 bpw"), "IQ4_XS");
  EXPECT_EQ(recipe_in("Phi-4-mini-instruct-q6_k.gguf"), "Q6_K");
  EXPECT_EQ(recipe_in("something"), "");
}

}  // namespace
}  // namespace assay
