// The forward pass against the exact logits of tests/golden, for every instruction set, cache
// format, thread count and pass size.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/golden.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/nmse.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

/// The bounds are NMSE over all logits; those with a float32 cache are derived in golden.hpp. An
/// F16 cache rounds keys and values to 11 bits, 2^-24 / 3 = 2e-8 each, and softmax turns score
/// errors of that size into relative ones: 5e-6 in two layers, and layers add up. What int8
/// activations cost does not depend on the weights' own format: from 2 to 8 bits all llama-wide
/// models lie between 4.2e-4 and 4.9e-4. In olmoe-wide-Q4_K_M errors of that size make the router
/// choose another expert for some tokens: 4.2e-3 (public engines: 4.4e-3). gemma4 does not divide q
/// . k by the root of the head's size: its scores have a variance of 16 in four layers and of 32 in
/// two. By the reasoning of cache_bound below an F16 cache costs 2e-8 * (4 * (1 + 16) + 2 * (1 +
/// 32)) = 2.7e-6 in the mean, and one text is a sample of that: 12 times as much at most
/// (reference_bound).
struct Golden {
  std::string name;
  double f32_cache_bound;
  double f16_cache_bound;
};

constexpr double k_exact = k_golden_float32;
constexpr double k_half_cache = 5e-6;
constexpr double k_half_cache_of_26_layers = 13.0 * k_half_cache;
constexpr double k_half_cache_unscaled = 3.2e-5;
constexpr double k_half_weights = k_golden_half;
constexpr double k_int8 = k_golden_int8;
constexpr double k_int8_olmoe = k_golden_int8_experts;
constexpr double k_int8_other_expert = 5e-3;

const std::vector<Golden>& goldens() {
  static const std::vector<Golden> all{
      {"llama-gqa", k_exact, k_half_cache},
      {"llama-linear-rope", k_exact, k_half_cache},
      {"llama-tied-ropefreqs", k_exact, k_half_cache},
      {"llama-yarn-rope", k_exact, k_half_cache},
      {"mixtral", k_exact, k_half_cache},
      {"qwen2", k_exact, k_half_cache},
      {"qwen3", k_exact, k_half_cache},
      {"qwen3moe", k_exact, k_half_cache},
      {"olmoe", k_exact, k_half_cache},
      {"qwen2moe", k_exact, k_half_cache},
      {"mistral3", k_exact, k_half_cache},
      {"olmo2", k_exact, k_half_cache},
      {"olmo3", k_exact, k_half_cache},
      {"ernie4_5", k_exact, k_half_cache},
      {"ernie4_5-moe", k_exact, k_half_cache},
      {"phi3", k_exact, k_half_cache},
      {"phi3-partial-rope", k_exact, k_half_cache},
      {"phi3-long", k_exact, k_half_cache},
      {"phi3-short", k_exact, k_half_cache},
      {"phimoe", k_exact, k_half_cache},
      {"gemma2", k_exact, k_half_cache},
      {"gemma3", k_exact, k_half_cache},
      {"gemma4", k_exact, k_half_cache_unscaled},
      {"gemma4-moe", k_exact, k_half_cache},
      {"granite", k_exact, k_half_cache},
      {"granitemoe", k_exact, k_half_cache},
      {"smollm3", k_exact, k_half_cache},
      {"gpt-oss", k_exact, k_half_cache},
      {"lfm2", k_exact, k_half_cache},
      {"lfm2moe", k_exact, k_half_cache},
      {"granitehybrid", k_exact, k_half_cache},
      {"granitehybrid-moe", k_exact, k_half_cache},
      {"qwen35", k_exact, k_half_cache},
      {"qwen35moe", k_exact, k_half_cache},
      {"deepseek2-lite", k_exact, k_half_cache_of_26_layers},
      {"deepseek2-lite-absorbed", k_exact, k_half_cache_of_26_layers},
      {"deepseek2-v3", k_exact, k_half_cache},
      {"stories260K", k_exact, k_half_cache},
      {"llama-wide-F16", k_half_weights, k_half_weights},
      {"llama-wide-BF16", k_half_weights, k_half_weights},
      {"llama-wide-Q8_0", k_int8, k_int8},
      {"llama-wide-Q4_0", k_int8, k_int8},
      {"llama-wide-Q6_K", k_int8, k_int8},
      {"llama-wide-Q4_K_S", k_int8, k_int8},
      {"llama-wide-Q4_K_M", k_int8, k_int8},
      {"llama-wide-Q5_K_M", k_int8, k_int8},
      {"llama-wide-Q4_1", k_int8, k_int8},
      {"llama-wide-Q5_0", k_int8, k_int8},
      {"llama-wide-Q5_1", k_int8, k_int8},
      {"llama-wide-IQ4_NL", k_int8, k_int8},
      {"llama-wide-MXFP4", k_int8, k_int8},
      {"llama-wide-Q2_K", k_int8, k_int8},
      {"llama-wide-Q3_K_M", k_int8, k_int8},
      {"llama-wide-IQ4_XS", k_int8, k_int8},
      {"olmoe-wide-Q4_K_M", k_int8_other_expert, k_int8_other_expert},
      {"olmoe-wide-Q8_0", k_int8_olmoe, k_int8_olmoe},
      {"olmoe-wide-Q4_0", k_int8_olmoe, k_int8_olmoe},
  };
  return all;
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const Golden& golden : goldens()) names.push_back(golden.name);
  return names;
}

Result<std::vector<float>> all_logits(const Model& model, const SessionShape& shape,
                                      ThreadPool& pool, const std::vector<TokenId>& tokens) {
  auto session = Session::open(model, shape, pool);
  if (!session) return pass_on(session);
  std::vector<float> logits;
  auto done = session->evaluate_all(tokens, [&](std::size_t, std::span<const float> row) {
    logits.insert(logits.end(), row.begin(), row.end());
  });
  if (!done) return pass_on(done);
  return logits;
}

class GoldenModel : public testing::TestWithParam<Golden> {
 protected:
  GoldenModels models_;
};

TEST_P(GoldenModel, GivesTheExactLogitsHoweverItIsRun) {
  const Golden& golden = GetParam();
  const auto file = GgufFile::open(models_.file(golden.name));
  ASSERT_TRUE(file) << file.error().text();
  const std::vector<float> expected = GoldenModels::logits(golden.name);
  const std::vector<TokenId> tokens = GoldenModels::tokens();
  for (const std::string& isa : available_isas(live_cpu_features())) {
    const KernelTable& kernels = **select_kernels(live_cpu_features(), isa);
    for (const unsigned threads : {1U, 2U, 3U}) {
      ThreadPool pool(threads);
      const auto model = load_model(*file, kernels, pool);
      ASSERT_TRUE(model) << model.error().text();
      for (const std::uint32_t chunk : {1U, 5U, 512U}) {
        if (threads != 2 && chunk != 5) continue;
        for (const CacheFormat cache : {CacheFormat::f32, CacheFormat::f16}) {
          const auto logits = all_logits(*model, {64, cache, chunk, threads}, pool, tokens);
          ASSERT_TRUE(logits) << logits.error().text();
          EXPECT_LE(nmse(*logits, expected),
                    cache == CacheFormat::f32 ? golden.f32_cache_bound : golden.f16_cache_bound)
              << isa << ", " << threads << " threads, passes of " << chunk << ", cache "
              << cache_format_name(cache);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenModel, testing::ValuesIn(goldens()), [](const auto& row) {
  std::string name = row.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

/// Of queries and keys that are normalised to unit size and whose product is not divided by the
/// root of the head's size; of others 1, as weights of training and ours make it.
double score_variance(const ModelSpec& spec, const LayerSpec& layer) {
  const bool unscaled = spec.qk_norm == QkNorm::per_head && spec.scale.attention == 1.0F;
  return unscaled ? static_cast<double>(layer.attention.head_dim) : 1.0;
}

/// Float32 weights leave the rounding of keys and values as the only error. With e its share of
/// their energy (cache_error), a layer's output carries e from its values, and from its keys e
/// times the variance of its scores, as an error of a score is a relative one of its weight; layers
/// add up: e * layers * (1 + variance). One text is a sample of that; 12 times as much (as in
/// reference_bound) allows for scores that deviate by 4.8 where the variance is 1, and for an
/// expert that is chosen in another's place. Found: 3 to 20 for 2 layers of variance 1.
double cache_bound(CacheFormat cache, const ModelSpec& spec) {
  double shares = 0.0;
  for (const LayerSpec& layer : spec.layers) shares += 1.0 + score_variance(spec, layer);
  return k_exact + 12.0 * shares * cache_error(cache);
}

class GoldenCache : public testing::TestWithParam<std::string> {
 protected:
  GoldenModels models_;
};

TEST_P(GoldenCache, CostsWhatItsRoundingExplains) {
  const auto file = GgufFile::open(models_.file(GetParam()));
  ASSERT_TRUE(file) << file.error().text();
  const std::vector<float> expected = GoldenModels::logits(GetParam());
  for (const std::string& isa : available_isas(live_cpu_features())) {
    ThreadPool pool(2);
    const auto model = load_model(*file, **select_kernels(live_cpu_features(), isa), pool);
    ASSERT_TRUE(model) << model.error().text();
    for (const CacheFormat cache : all_cache_formats()) {
      for (const std::uint32_t chunk : {1U, 512U}) {
        const auto logits = all_logits(*model, {64, cache, chunk, 2}, pool, GoldenModels::tokens());
        ASSERT_TRUE(logits) << logits.error().text();
        EXPECT_LE(nmse(*logits, expected), cache_bound(cache, model->spec()))
            << isa << ", passes of " << chunk << ", cache " << cache_format_name(cache);
      }
    }
  }
}

/// Every model with float32 weights but deepseek2: its rounding makes the routers of some layers
/// choose other experts, which no bound of this kind covers (of deepseek2-v3 in Q8_0 float64 gives
/// 4.0e-3, and 3.1e-4 with the experts of the exact run). reference_pass_test holds those with the
/// session's own choice.
std::vector<std::string> float32_goldens() {
  std::vector<std::string> names;
  for (const Golden& golden : goldens()) {
    const bool float32 = golden.f32_cache_bound == k_exact;
    if (float32 && !golden.name.starts_with("deepseek2")) names.push_back(golden.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Float32, GoldenCache, testing::ValuesIn(float32_goldens()),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

/// The bounds must tell a wrong model from a right one.
class GoldenBounds : public testing::Test {
 protected:
  /// NMSE of the model in a file against the logits of `golden`.
  double distance(const std::filesystem::path& file, const std::string& golden) {
    ThreadPool pool(2);
    const auto opened = GgufFile::open(file);
    const auto model = load_model(*opened, **select_kernels(live_cpu_features()), pool);
    const auto logits =
        all_logits(*model, {64, CacheFormat::f32, 512, 2}, pool, GoldenModels::tokens());
    return nmse(*logits, GoldenModels::logits(golden));
  }

  /// A copy of a model's file with some bytes replaced.
  template <typename Change>
  std::filesystem::path changed(const std::string& golden, Change change) {
    std::string bytes = *read_file(models_.file(golden), mebibytes(16));
    change(*GgufFile::open(models_.file(golden)), bytes);
    const std::filesystem::path path = directory_.path() / "changed.gguf";
    EXPECT_TRUE(write_file_atomically(path, bytes));
    return path;
  }

  GoldenModels models_;
  TemporaryDirectory directory_;
};

TEST_F(GoldenBounds, NoticeAMissingLayer) {
  // A layer whose two outputs are zero adds nothing to the residual.
  const auto drop_layer = [](const GgufFile& file, std::string& bytes) {
    for (const char* name : {"blk.1.attn_output.weight", "blk.1.ffn_down.weight"}) {
      const GgufTensor& tensor = *file.tensor(name);
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(tensor.offset), tensor.bytes, '\0');
    }
  };
  for (const char* name : {"llama-gqa", "llama-wide-Q4_0"}) {
    EXPECT_GT(distance(changed(name, drop_layer), name), 100 * k_int8) << name;
  }
}

TEST_F(GoldenBounds, NoticeAMissingExpert) {
  const auto drop_expert = [](const std::string& key) {
    return [key](const GgufFile&, std::string& bytes) {
      --bytes[bytes.find(key) + key.size() + 4];  // after the value's type
    };
  };
  EXPECT_GT(distance(changed("qwen3moe", drop_expert("qwen3moe.expert_used_count")), "qwen3moe"),
            10 * k_int8);
  EXPECT_GT(distance(changed("olmoe-wide-Q8_0", drop_expert("olmoe.expert_used_count")),
                     "olmoe-wide-Q8_0"),
            10 * k_int8);
}

TEST_F(GoldenBounds, NoticeAnotherFormat) {
  EXPECT_GT(distance(models_.file("llama-wide-Q4_0"), "llama-wide-Q8_0"), 2 * k_int8);
  EXPECT_GT(distance(models_.file("llama-wide-Q8_0"), "llama-wide-F16"), k_half_weights);
}

TEST(GoldenModelList, CoversEveryModelOfTheManifest) {
  EXPECT_THAT(golden_names(), testing::UnorderedElementsAreArray(GoldenModels::names()));
}

}  // namespace
}  // namespace assay
