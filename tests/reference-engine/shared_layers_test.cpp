// Layers that look at the keys and values of others, that differ in their heads, and that are given
// something of the token besides the residual.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "reference-engine/footprint.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/verification.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/seeded_models.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

class SharedLayers : public testing::Test {
 protected:
  GgufFile open(const std::string& golden) { return *GgufFile::open(goldens_.file(golden)); }
  ModelSpec spec_of(const std::string& golden) { return *model_spec(open(golden)); }

  std::vector<float> logits_of(const GgufFile& file) {
    const auto model = load_model(file, kernels_, pool_);
    EXPECT_TRUE(model) << model.error().text();
    auto session = Session::open(*model, {64, CacheFormat::f32, 512, 2}, pool_);
    const auto logits = session->evaluate(GoldenModels::tokens());
    return {logits->begin(), logits->end()};
  }

  GoldenModels goldens_;
  TemporaryDirectory directory_;
  const KernelTable& kernels_ = **select_kernels(live_cpu_features());
  ThreadPool pool_{2};
};

/// A model of random weights with all that the dense golden has, wide enough for blocks of 256.
ModelSpec wide_spec() {
  ModelSpec spec = architecture_spec("gemma4").value();
  spec.name = "wide";
  spec.d_model = 256;
  spec.vocabulary = 1000;
  spec.trained_context = 4096;
  spec.tied_embeddings = true;
  spec.scale.embedding = 16.0F;
  spec.scale.logit_cap = 30.0F;
  spec.d_layer_input = 256;
  spec.rope().dims = 64;
  spec.ropes.push_back(spec.rope());
  spec.ropes.back().dims = 32;
  const AttentionSpec full{.heads = 8, .kv_heads = 1, .head_dim = 64, .values_are_keys = true};
  const AttentionSpec windowed{.heads = 8, .kv_heads = 2, .head_dim = 32, .window = 16, .rope = 1};
  spec.layers = {{.attention = windowed, .d_ff = 256},
                 {.attention = full, .d_ff = 256},
                 {.attention = windowed, .d_ff = 512},
                 {.attention = full, .d_ff = 512}};
  spec.layers[2].attention.cache_of = 0;
  spec.layers[3].attention.cache_of = 1;
  spec.layers[3].attention.values_are_keys = false;
  return spec;
}

ModelSpec wide_mixture() {
  ModelSpec spec = wide_spec();
  spec.d_layer_input = 0;
  spec.moe.experts = 8;
  spec.moe.used = 2;
  spec.moe.d_expert = 256;
  spec.moe.d_shared = 512;
  for (LayerSpec& layer : spec.layers) {
    layer.ffn = Ffn::mixture;
    layer.d_ff = 0;
  }
  return spec;
}

TEST_F(SharedLayers, KeysOfAFileSayHowLayersDiffer) {
  const ModelSpec spec = spec_of("gemma4");
  ASSERT_EQ(spec.layers.size(), 6U);
  EXPECT_EQ(spec.layers[0].attention,
            (AttentionSpec{.heads = 4, .kv_heads = 2, .head_dim = 16, .window = 16, .rope = 1}));
  EXPECT_EQ(spec.layers[2].attention,
            (AttentionSpec{.heads = 4, .kv_heads = 2, .head_dim = 32, .rope = 0}));
  EXPECT_EQ(spec.layers[3].attention.cache_of, 1U);
  EXPECT_EQ(spec.layers[4].attention.cache_of, 1U);
  EXPECT_EQ(spec.layers[5].attention.cache_of, 2U);
  EXPECT_EQ(spec.layers[2].d_ff, 64U);
  EXPECT_EQ(spec.layers[3].d_ff, 128U);
  ASSERT_EQ(spec.ropes.size(), 2U);
  EXPECT_TRUE(spec.ropes[0].frequency_factors);
  EXPECT_EQ(spec.ropes[0].dims, 32U);
  EXPECT_FALSE(spec.ropes[1].frequency_factors);
  EXPECT_EQ(spec.ropes[1].dims, 16U);
  EXPECT_EQ(spec.ropes[1].base, 10000.0F);
  EXPECT_EQ(spec.d_layer_input, 32U);
  EXPECT_EQ(spec.scale.attention, 1.0F);
  EXPECT_EQ(spec.scale.embedding, 8.0F);
  EXPECT_EQ(spec.scale.logit_cap, 30.0F);
  EXPECT_TRUE(spec.value_norm);
  EXPECT_TRUE(spec.layer_scale);
  EXPECT_FALSE(spec.file.idle_keys_and_values);
}

TEST_F(SharedLayers, AMixtureHasADenseLayerBesideIt) {
  const ModelSpec spec = spec_of("gemma4-moe");
  EXPECT_EQ(spec.moe, (MoeSpec{.experts = 8,
                               .used = 3,
                               .d_expert = 32,
                               .normalise_weights = true,
                               .d_shared = 64,
                               .apart = true,
                               .expert_scale = true}));
  EXPECT_TRUE(spec.file.fused_experts);
  EXPECT_EQ(spec.layers[0].attention.kv_heads, 2U);
  EXPECT_FALSE(spec.layers[0].attention.values_are_keys);
  EXPECT_EQ(spec.layers[2].attention.kv_heads, 1U);
  EXPECT_TRUE(spec.layers[2].attention.values_are_keys);
  EXPECT_EQ(spec.d_layer_input, 0U);
}

TEST_F(SharedLayers, WithoutItsTensorNoFactorIsApplied) {
  GgufBuilder file = seeded_model("gemma4");
  for (int layer = 0; layer < 6; ++layer) {
    file.remove("blk." + std::to_string(layer) + ".layer_output_scale.weight");
  }
  const auto without = GgufFile::open(directory_.write("without.gguf", file.build()));
  EXPECT_FALSE(model_spec(*without)->layer_scale);
  EXPECT_NE(logits_of(*without), logits_of(open("gemma4")));
}

// Published files hold matrices for keys and values in layers that use those of others.
TEST_F(SharedLayers, IdleMatricesChangeNothing) {
  GgufBuilder file = seeded_model("gemma4");
  for (const auto& [layer, dim] : {std::pair{3, 16U}, {4, 16U}, {5, 32U}}) {
    const std::string name = "blk." + std::to_string(layer);
    const std::vector<float> matrix(std::size_t{64} * 2 * dim, 3.0F);
    file.add_f32(name + ".attn_k.weight", {64, 2 * dim}, matrix);
    file.add_f32(name + ".attn_v.weight", {64, 2 * dim}, matrix);
    file.add_f32(name + ".attn_k_norm.weight", {dim}, std::vector<float>(dim, 2.0F));
  }
  const auto idle = GgufFile::open(directory_.write("idle.gguf", file.build()));
  ASSERT_TRUE(idle) << idle.error().text();
  const GgufFile plain = open("gemma4");
  EXPECT_EQ(logits_of(*idle), logits_of(plain));
  const ModelSpec spec = *model_spec(*idle);
  EXPECT_TRUE(spec.file.idle_keys_and_values);
  const TensorPlan with = *tensor_plan(*idle, spec);
  const TensorPlan without = *tensor_plan(plain, *model_spec(plain));
  constexpr std::uint64_t k_idle = 64 * 2 * 2 * (16 + 16 + 32) + 16 + 16 + 32;
  EXPECT_EQ(with.parameters(), without.parameters() + k_idle);
  EXPECT_EQ(with.active_parameters(), without.active_parameters());
  EXPECT_EQ(with.bytes_read_per_token(), without.bytes_read_per_token());
  EXPECT_EQ(tensor_plan(spec, Recipe::f32)->parameters(), with.parameters());
}

TEST_F(SharedLayers, CostNoCacheAndAreReadAllTheSame) {
  const ModelSpec spec = spec_of("gemma4");
  const SessionShape shape{.context = 64, .cache = CacheFormat::f32, .chunk = 8, .threads = 1};
  const Footprint cost = footprint(spec, *tensor_plan(spec, Recipe::f32), shape);
  constexpr std::uint64_t k_windowed = 2 * 2 * 16 * 4;  // k and v, heads, values, bytes
  constexpr std::uint64_t k_full = 2 * 2 * 32 * 4;
  EXPECT_EQ(cost.cache_per_position.value, 2 * k_windowed + k_full);
  EXPECT_EQ(cost.kv_cache.value, 64 * (2 * k_windowed + k_full));
  EXPECT_EQ(bytes_per_token(cost, 10).value,
            cost.weights_per_token.value + 10 * (4 * k_windowed + 2 * k_full));
  EXPECT_EQ(bytes_per_token(cost, 60).value,
            cost.weights_per_token.value + 16 * 4 * k_windowed + 60 * 2 * k_full);
}

TEST_F(SharedLayers, OneRowOfTheirInputsIsReadForAToken) {
  const ModelSpec spec = spec_of("gemma4");
  const TensorPlan plan = *tensor_plan(spec, Recipe::f32);
  const auto inputs = std::find_if(
      plan.tensors.begin(), plan.tensors.end(),
      [](const PlannedTensor& tensor) { return tensor.role == TensorRole::layer_embedding; });
  ASSERT_NE(inputs, plan.tensors.end());
  EXPECT_EQ(inputs->bytes.value, 6U * 32 * 512 * 4);
  EXPECT_EQ(inputs->bytes_read_per_token.value, 6U * 32 * 4);
  // It is looked up: the flops of a token are those of the other matrices.
  double weights = 0.0;
  for (const PlannedTensor& tensor : plan.tensors) {
    const bool multiplies = is_matrix(tensor.role) && !is_looked_up(tensor.role);
    if (multiplies) weights += static_cast<double>(tensor.columns * tensor.rows);
  }
  EXPECT_EQ(footprint(spec, plan, {}).flops_per_token, 2.0 * weights);
}

TEST_F(SharedLayers, AgreeWithFloat64InEveryFormat) {
  for (const ModelSpec& spec : {wide_spec(), wide_mixture()}) {
    for (const Recipe recipe : {Recipe::f32, Recipe::bf16, Recipe::q8_0, Recipe::q4_k_m}) {
      const auto model = synthesise_model(spec, recipe, 7, kernels_, pool_);
      ASSERT_TRUE(model) << model.error().text();
      for (const CacheFormat cache : all_cache_formats()) {
        auto session = Session::open(*model, {64, cache, 16, 2}, pool_);
        ASSERT_TRUE(session->fill_to(40, 3));
        const auto nmse = reference_nmse(*model, *session, 42);
        ASSERT_TRUE(nmse) << nmse.error().text();
        EXPECT_LE(*nmse, reference_bound(*model, cache))
            << recipe_name(recipe) << " " << cache_format_name(cache) << " " << spec.is_moe();
      }
    }
  }
}

WeightFormat format_of(const TensorPlan& plan, std::string_view name) {
  const auto found = std::find_if(plan.tensors.begin(), plan.tensors.end(),
                                  [&](const PlannedTensor& tensor) { return tensor.name == name; });
  return found == plan.tensors.end() ? WeightFormat::i8 : found->format;
}

// The public quantiser counts the tables of tokens as embeddings, which are the head where the two
// are tied, leaves the projection of the inputs as it was published, and gives more bits to every
// third matrix of values that there is.
TEST_F(SharedLayers, RecipesGiveThemTheFormatsOfThePublicQuantiser) {
  ModelSpec spec = wide_spec();
  const TensorPlan plan = *tensor_plan(spec, Recipe::q4_k_m);
  EXPECT_EQ(format_of(plan, "per_layer_token_embd.weight"), WeightFormat::q6_k);
  EXPECT_EQ(format_of(plan, "per_layer_model_proj.weight"), WeightFormat::bf16);
  EXPECT_EQ(format_of(plan, "blk.0.inp_gate.weight"), WeightFormat::q4_k);
  EXPECT_EQ(format_of(plan, "blk.0.proj.weight"), WeightFormat::q4_k);
  EXPECT_EQ(format_of(plan, "blk.3.attn_v.weight"), WeightFormat::i8) << "not there";
  // One value matrix: it is the last eighth. With the idle ones there are three, in layers 0, 2, 3.
  EXPECT_EQ(format_of(plan, "blk.0.attn_v.weight"), WeightFormat::q6_k);
  spec.file.idle_keys_and_values = true;
  const TensorPlan idle = *tensor_plan(spec, Recipe::q4_k_m);
  EXPECT_EQ(format_of(idle, "blk.0.attn_v.weight"), WeightFormat::q4_k);
  EXPECT_EQ(format_of(idle, "blk.2.attn_v.weight"), WeightFormat::q4_k);
  EXPECT_EQ(format_of(idle, "blk.3.attn_v.weight"), WeightFormat::q6_k);
}

std::string defect_of(const ModelSpec& spec) {
  const auto checked = check_spec(spec);
  return checked ? "none" : checked.error().text();
}

TEST_F(SharedLayers, SpecsThatCannotBeAreRefused) {
  EXPECT_EQ(defect_of(wide_spec()), "none");
  const auto with = [](auto change) {
    ModelSpec spec = wide_spec();
    change(spec);
    return defect_of(spec);
  };
  const auto mentions = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(mentions(with([](ModelSpec& s) {
                         s.ropes.push_back(s.rope());
                         s.ropes.back().dims /= 2;
                         s.ropes.back().frequency_factors = true;
                       }),
                       "as many as have frequency factors"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) {
                         s.ropes.push_back(s.rope());
                         s.ropes.back().dims = 1U << 20;
                       }),
                       "rope.dimension_count: 1048576 (expected at most 4096)"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) { s.layers[0].attention.cache_of = 0; }),
                       "layer 0 looks at layer 0 (expected one before it)"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) { s.layers[2].attention.cache_of = 4000000000U; }),
                       "layer 2 looks at layer 4000000000"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) { s.layers[3].attention.cache_of = 0; }),
                       "layer 3 looks at layer 0"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) { s.layers[2].attention.rope.reset(); }),
                       "layer 2 looks at layer 0"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) {
                         s.layers[0].mixer = Mixer::short_convolution;
                         s.recurrence.taps = 3;
                       }),
                       "layer 2 looks at layer 0"));
  EXPECT_TRUE(mentions(with([](ModelSpec& s) { s.d_layer_input = 1U << 30U; }),
                       "embedding_length_per_layer_input"));
}

}  // namespace
}  // namespace assay
