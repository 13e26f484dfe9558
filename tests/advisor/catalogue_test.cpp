#include "advisor/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "reference-engine/footprint.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;

const Catalogue& catalogue() {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  return k_catalogue;
}

/// A catalogue of one model, to break.
std::string one_model(const std::string& change_from = "", const std::string& change_to = "") {
  std::string text = R"({"schema": "assay.catalogue/1", "sources": {"card": "the model card"},
    "models": [{"id": "small-1b", "family": "Small", "vendor": "V", "repository": "v/small",
      "license": null, "release": "2025-01", "uses": ["chat"], "thinking": "none",
      "architecture": "llama", "layers": 2, "d_model": 64, "heads": 4, "kv_heads": 2,
      "head_dim": 16, "d_ff": 128, "vocabulary": 100, "trained_context": 512,
      "tied_embeddings": true, "qkv_bias": false, "qk_norm": "none", "rope": {"base": null},
      "published_parameters": null, "published_exact": false, "inferred_fields": [],
      "sources": ["card"]}]})";
  if (!change_from.empty()) text.replace(text.find(change_from), change_from.size(), change_to);
  return text;
}

TEST(Catalogue, HasAtLeastAHundredAndTwentyModels) { EXPECT_GE(catalogue().entries.size(), 120U); }

TEST(Catalogue, TheEngineRunsMostOfThem) {
  const auto runs = std::count_if(catalogue().entries.begin(), catalogue().entries.end(),
                                  [](const CatalogueEntry& entry) { return entry.engine_runs; });
  EXPECT_GE(runs, 75);
}

// A spec that the engine says it runs is one that its own checks accept.
TEST(Catalogue, SpecsOfModelsThatRunPassTheEnginesChecks) {
  for (const CatalogueEntry& entry : catalogue().entries) {
    if (!entry.engine_runs) continue;
    const auto checked = check_runs(entry.spec);
    EXPECT_TRUE(checked) << (checked ? "" : checked.error().text());
  }
}

/// Half a unit of the third digit, as in 14.7 billion; 0.2 % for figures of which publishers differ
/// in the fourth.
double rounding_of(double published) {
  const double unit = std::pow(10.0, std::floor(std::log10(published)) - 2.0);
  return std::max(0.5 * unit, 0.002 * published);
}

// The shape alone gives the published count: to the parameter where the publisher counts exactly,
// within rounding where the published figure is rounded ("14.7 billion") or the shape is inferred.
TEST(Catalogue, ShapesGiveThePublishedParameterCounts) {
  std::size_t exact = 0;
  for (const CatalogueEntry& entry : catalogue().entries) {
    const auto plan = tensor_plan(entry.spec, Recipe::f16);
    ASSERT_TRUE(plan) << plan.error().text();
    if (!entry.published_parameters) continue;
    if (entry.published_exact) {
      EXPECT_EQ(plan->parameters(), *entry.published_parameters) << entry.id;
      ++exact;
    } else {
      const auto published = static_cast<double>(*entry.published_parameters);
      EXPECT_NEAR(static_cast<double>(plan->parameters()), published, rounding_of(published))
          << entry.id;
    }
  }
  EXPECT_GE(exact, 40U);
}

TEST(Catalogue, EveryModelHasAPlanInEveryRecipe) {
  for (const CatalogueEntry& entry : catalogue().entries) {
    std::uint64_t wider = 0;
    for (const Recipe recipe : {Recipe::q4_k_m, Recipe::q5_k_m, Recipe::q8_0, Recipe::f16}) {
      const auto plan = tensor_plan(entry.spec, recipe);
      ASSERT_TRUE(plan) << entry.id;
      EXPECT_GT(plan->total_bytes().value, wider) << entry.id;
      wider = plan->total_bytes().value;
    }
  }
}

TEST(Catalogue, SaysWhichModelsTheEngineRuns) {
  EXPECT_TRUE(catalogue().find("qwen3-4b")->engine_runs);
  EXPECT_TRUE(catalogue().find("llama-3.1-8b")->engine_runs);
  EXPECT_TRUE(catalogue().find("lfm2-1.2b")->engine_runs);
  EXPECT_TRUE(catalogue().find("deepseek-v2-lite")->engine_runs);
  EXPECT_TRUE(catalogue().find("gemma-4-e2b")->engine_runs);
  EXPECT_FALSE(catalogue().find("exaone-3.5-2.4b")->engine_runs);
}

// What an architecture's name decides, and what the catalogue says, are two sources of one fact.
TEST(Catalogue, AgreesWithTheEnginesArchitectures) {
  for (const CatalogueEntry& entry : catalogue().entries) {
    const auto expected = architecture_spec(entry.spec.architecture);
    if (!expected) continue;
    EXPECT_EQ(entry.spec.qk_norm, expected->qk_norm) << entry.id;
    EXPECT_EQ(entry.spec.bias.qkv, expected->bias.qkv) << entry.id;
    EXPECT_EQ(entry.spec.rope().pairs, expected->rope().pairs) << entry.id;
  }
}

// Attention beside a state space, layers of one block, several residual streams.
TEST(Catalogue, TheEngineRefusesPartsThatItOnlyDescribes) {
  for (const char* id : {"falcon-h1-0.5b", "nemotron-3-nano-4b", "gemma-3n-e2b"}) {
    const ModelSpec& spec = catalogue().find(id)->spec;
    EXPECT_TRUE(check_spec(spec)) << id;
    const auto runs = check_runs(spec);
    ASSERT_FALSE(runs) << id;
    EXPECT_THAT(runs.error().text(), HasSubstr(id));
  }
}

// Falcon-H1 keeps both: keys and values of each position, and 24 matrices of 64 x 128 in float32
// with 3 tokens of 1,792 convolved values.
TEST(Catalogue, AStateSpaceBesideAttentionKeepsAStateToo) {
  const ModelSpec& spec = catalogue().find("falcon-h1-0.5b")->spec;
  const Footprint kept = footprint(spec, tensor_plan(spec, Recipe::f16).value(), {});
  EXPECT_EQ(kept.cache_per_position.value, 36U * 2U * 2U * 64U * 2U);
  EXPECT_EQ(kept.state_per_token.value, 36U * 4U * (24U * 64U * 128U + 3U * 1792U));
}

// Of 42 blocks 4 are attention, 21 state spaces and 17 hidden layers without gates.
TEST(Catalogue, LayersOfOneBlockHaveOneNormAndItsTensors) {
  const ModelSpec& spec = catalogue().find("nemotron-3-nano-4b")->spec;
  const TensorPlan plan = tensor_plan(spec, Recipe::f16).value();
  const auto count = [&](TensorRole role) {
    return std::ranges::count(plan.tensors, role, &PlannedTensor::role);
  };
  EXPECT_EQ(count(TensorRole::attention_q), 4);
  EXPECT_EQ(count(TensorRole::mixer_in), 21);
  EXPECT_EQ(count(TensorRole::ffn_up), 17);
  EXPECT_EQ(count(TensorRole::ffn_gate), 0);
  EXPECT_EQ(count(TensorRole::attention_norm) + count(TensorRole::ffn_norm), 42);
}

TEST(Catalogue, FindsModelsWhateverTheCase) {
  EXPECT_EQ(catalogue().find("Qwen3-4B"), catalogue().find("qwen3-4b"));
  EXPECT_EQ(catalogue().find("qwen3-4"), nullptr);
  EXPECT_THAT(catalogue().ids(), Contains("olmoe-1b-7b-0125"));
}

TEST(Catalogue, FiltersByFamilyUseAndLicence) {
  CatalogueFilter filter;
  filter.use = "code";
  filter.license = "apache-2.0";
  const auto coders = matching(catalogue(), filter);
  ASSERT_FALSE(coders.empty());
  for (const CatalogueEntry* entry : coders) {
    EXPECT_THAT(entry->uses, Contains("code"));
    EXPECT_EQ(entry->license, "Apache-2.0");
  }
  filter.family = "nobody's";
  EXPECT_TRUE(matching(catalogue(), filter).empty());
  EXPECT_EQ(matching(catalogue(), {}).size(), catalogue().entries.size());
}

TEST(Catalogue, ReadsOneModel) {
  const auto read = parse_catalogue(one_model(), "c.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->entries[0].sources[0], "the model card");
  EXPECT_FALSE(read->entries[0].license.has_value());
}

TEST(Catalogue, RepeatsThePatternOfLayers) {
  const auto read = parse_catalogue(
      one_model("\"layers\": 2", "\"layers\": 5, \"pattern\": \"SF\", \"window\": 64"), "c.json");
  ASSERT_TRUE(read) << read.error().text();
  std::vector<std::uint32_t> windows;
  for (const LayerSpec& layer : read->entries[0].spec.layers) {
    windows.push_back(layer.attention.window);
  }
  EXPECT_EQ(windows, (std::vector<std::uint32_t>{64, 0, 64, 0, 64}));
}

TEST(Catalogue, WindowedLayersMayHaveHeadsOfTheirOwn) {
  const auto read =
      parse_catalogue(one_model("\"layers\": 2", R"("layers": 2, "pattern": "SK", "window": 64,
                                   "windowed_kv_heads": 4, "windowed_head_dim": 8)"),
                      "c.json");
  ASSERT_TRUE(read) << read.error().text();
  const std::vector<LayerSpec>& layers = read->entries[0].spec.layers;
  EXPECT_EQ(layers[0].attention.kv_heads, 4U);
  EXPECT_EQ(layers[0].attention.head_dim, 8U);
  EXPECT_FALSE(layers[0].attention.values_are_keys);
  EXPECT_EQ(layers[1].attention.kv_heads, 2U);
  EXPECT_EQ(layers[1].attention.head_dim, 16U);
  EXPECT_TRUE(layers[1].attention.values_are_keys);
}

TEST(Catalogue, LastLayersMayShareACache) {
  const auto read =
      parse_catalogue(one_model("\"layers\": 2", R"("layers": 6, "pattern": "SSF", "window": 64,
                "shared_cache": {"layers": 3, "d_ff": 256, "idle_matrices": true})"),
                      "c.json");
  ASSERT_TRUE(read) << read.error().text();
  const ModelSpec& spec = read->entries[0].spec;
  EXPECT_FALSE(spec.layers[2].attention.cache_of);
  EXPECT_EQ(spec.layers[2].d_ff, 128U);
  EXPECT_EQ(spec.layers[3].attention.cache_of, 1U);
  EXPECT_EQ(spec.layers[4].attention.cache_of, 1U);
  EXPECT_EQ(spec.layers[5].attention.cache_of, 2U);
  EXPECT_EQ(spec.layers[5].d_ff, 256U);
  EXPECT_TRUE(spec.file.idle_keys_and_values);
}

TEST(Catalogue, LeadingLayersOfAMixtureAreDense) {
  const auto read = parse_catalogue(
      one_model(
          "\"d_ff\": 128",
          R"("d_ff": 128, "moe": {"experts": 4, "used": 2, "d_expert": 32, "dense_layers": 1})"),
      "c.json");
  ASSERT_TRUE(read) << read.error().text();
  const ModelSpec& spec = read->entries[0].spec;
  EXPECT_EQ(spec.layers[0].ffn, Ffn::dense);
  EXPECT_EQ(spec.layers[0].d_ff, 128U);
  EXPECT_EQ(spec.layers[1].ffn, Ffn::mixture);
}

TEST(Catalogue, ReadsLatentAttention) {
  const auto read =
      parse_catalogue(one_model("\"head_dim\": 16",
                                R"("head_dim": 24, "latent": {"rank": 16, "key": 8, "rotated": 8,
          "value": 4})"),
                      "c.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->entries[0].spec.layers[1].attention.latent,
            (LatentSpec{.rank = 16, .query_rank = 0, .key = 8, .rotated = 8, .value = 4}));
  const auto refused = parse_catalogue(
      one_model("\"head_dim\": 16", R"("head_dim": 24, "latent": {"rank": 16})"), "c.json");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("/models/0/latent/key"));
}

// A cached row is one of rank + rotated values in F16: 31,104 bytes a position.
TEST(Catalogue, CachesOneRowOfLatentAttention) {
  const ModelSpec& spec = catalogue().find("deepseek-v2-lite")->spec;
  const TensorPlan plan = tensor_plan(spec, Recipe::f16).value();
  EXPECT_EQ(footprint(spec, plan, {}).cache_per_position.value, 27U * 576U * 2U);
  EXPECT_EQ(plan.active_parameters(), 2661150208U);
}

TEST(Catalogue, RefusalsNameTheField) {
  const auto refusal = [](const std::string& from, const std::string& to) {
    const auto read = parse_catalogue(one_model(from, to), "c.json");
    return read ? std::string("accepted") : read.error().text();
  };
  EXPECT_THAT(refusal("\"layers\": 2", "\"layers\": 0"), HasSubstr("/models/0/layers: 0 found"));
  EXPECT_THAT(refusal("\"layers\": 2", "\"layers\": \"2\""), HasSubstr("/models/0/layers"));
  EXPECT_THAT(refusal("\"kv_heads\": 2", "\"kv_heads\": 3"), HasSubstr("/models/0/kv_heads"));
  EXPECT_THAT(refusal("\"qk_norm\": \"none\"", "\"qk_norm\": \"some\""),
              HasSubstr("/models/0/qk_norm: \"some\""));
  EXPECT_THAT(refusal("\"layers\": 2", "\"layers\": 2, \"pattern\": \"FX\""),
              HasSubstr("/models/0/pattern: \"FX\""));
  EXPECT_THAT(refusal("\"layers\": 2", "\"layers\": 2, \"pattern\": \"S\""),
              HasSubstr("/models/0/pattern: \"S\""));
  EXPECT_THAT(refusal("\"layers\": 2", R"("layers": 2, "shared_cache": {"layers": 2,
                                             "idle_matrices": false})"),
              HasSubstr("/models/0/shared_cache/layers: 2 found"));
  EXPECT_THAT(refusal("\"layers\": 2", R"("layers": 2, "pattern": "SF", "window": 64,
                                             "shared_cache": {"layers": 1, "idle_matrices": false})"),
              HasSubstr("/models/0/shared_cache/layers: 1 found"));
  EXPECT_THAT(refusal("\"sources\": [\"card\"]", "\"sources\": []"),
              HasSubstr("/models/0/sources"));
  EXPECT_THAT(refusal("catalogue/1", "catalogue/2"), HasSubstr("/schema"));
}

}  // namespace
}  // namespace assay
