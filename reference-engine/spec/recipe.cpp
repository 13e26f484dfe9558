// The mixture rules of the public quantiser (llama-quant.cpp of ggml-org/llama.cpp, without an
// importance matrix), so that a planned model has the size of the file that people download.
#include "reference-engine/spec/recipe.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace assay {
namespace {

struct RecipeRow {
  Recipe recipe;
  std::string_view name;
  WeightFormat base;
};

constexpr std::array<RecipeRow, 20> k_recipes{{
    {Recipe::f32, "F32", WeightFormat::f32},
    {Recipe::f16, "F16", WeightFormat::f16},
    {Recipe::bf16, "BF16", WeightFormat::bf16},
    {Recipe::q8_0, "Q8_0", WeightFormat::q8_0},
    {Recipe::q4_0, "Q4_0", WeightFormat::q4_0},
    {Recipe::q4_1, "Q4_1", WeightFormat::q4_1},
    {Recipe::q5_0, "Q5_0", WeightFormat::q5_0},
    {Recipe::q5_1, "Q5_1", WeightFormat::q5_1},
    {Recipe::q2_k, "Q2_K", WeightFormat::q2_k},
    {Recipe::q3_k_s, "Q3_K_S", WeightFormat::q3_k},
    {Recipe::q3_k_m, "Q3_K_M", WeightFormat::q3_k},
    {Recipe::q3_k_l, "Q3_K_L", WeightFormat::q3_k},
    {Recipe::q4_k_s, "Q4_K_S", WeightFormat::q4_k},
    {Recipe::q4_k_m, "Q4_K_M", WeightFormat::q4_k},
    {Recipe::q5_k_s, "Q5_K_S", WeightFormat::q5_k},
    {Recipe::q5_k_m, "Q5_K_M", WeightFormat::q5_k},
    {Recipe::q6_k, "Q6_K", WeightFormat::q6_k},
    {Recipe::iq4_nl, "IQ4_NL", WeightFormat::iq4_nl},
    {Recipe::iq4_xs, "IQ4_XS", WeightFormat::iq4_xs},
    {Recipe::mxfp4, "MXFP4", WeightFormat::mxfp4},
}};

constexpr std::array<Recipe, k_recipes.size()> k_all = [] {
  std::array<Recipe, k_recipes.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = k_recipes[i].recipe;
  return all;
}();

const RecipeRow& row_of(Recipe recipe) { return k_recipes[static_cast<std::size_t>(recipe)]; }

/// The layers that mixtures give more bits: the first and last eighth, and every third between.
bool more_bits(std::uint32_t layer, std::uint32_t layers) {
  const std::uint32_t eighth = layers / 8;
  return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
}

/// 70B-class models share one value head between 8 query heads: their values get more bits.
bool is_70b(const ModelSpec& spec) {
  if (spec.layers.size() != 80) return false;
  const AttentionSpec& attention = spec.layers.front().attention;
  return !attention.is_latent() && attention.heads != attention.kv_heads;
}

std::uint32_t layer_count(const ModelSpec& spec) {
  return static_cast<std::uint32_t>(spec.layers.size());
}

/// Layers up to `end` that have a tensor which the quantiser takes for values: those of attention,
/// and delta nets.
std::uint32_t layers_with_values(const ModelSpec& spec, std::uint32_t end) {
  return static_cast<std::uint32_t>(
      std::count_if(spec.layers.begin(), spec.layers.begin() + end, [&](const LayerSpec& layer) {
        const AttentionSpec& attention = layer.attention;
        const bool has_keys = !attention.cache_of || spec.file.idle_keys_and_values;
        return (layer.mixer == Mixer::attention && has_keys && !attention.values_are_keys) ||
               layer.mixer == Mixer::gated_delta_net;
      }));
}

/// As the quantiser counts them: of the first layer, where a file of delta nets lists the heads of
/// its attention layers too and one of other kinds lists none.
std::uint32_t queries_of_a_value_head(const ModelSpec& spec) {
  const Mixer first = spec.layers.front().mixer;
  for (const LayerSpec& layer : spec.layers) {
    // A file with latent_up lists as many heads of keys as of queries.
    if (layer.attention.is_latent()) return 1;
    if (layer.mixer == Mixer::attention) return layer.attention.heads / layer.attention.kv_heads;
    if (first != Mixer::gated_delta_net) break;
  }
  return 0;
}

WeightFormat value_format(Recipe recipe, std::uint32_t layer, const ModelSpec& spec) {
  if (spec.moe.experts == 8) return WeightFormat::q8_0;
  WeightFormat format = row_of(recipe).base;
  const bool few_value_heads = queries_of_a_value_head(spec) >= 4;
  const std::uint32_t index = layers_with_values(spec, layer);
  switch (recipe) {
    case Recipe::q2_k:
      format = few_value_heads ? WeightFormat::q4_k : WeightFormat::q3_k;
      break;
    case Recipe::q3_k_m:
      format = index < 2 ? WeightFormat::q5_k : WeightFormat::q4_k;
      break;
    case Recipe::q3_k_l:
      format = WeightFormat::q5_k;
      break;
    case Recipe::q4_k_s:
      if (index < 4) format = WeightFormat::q5_k;
      break;
    case Recipe::q4_k_m:
    case Recipe::q5_k_m:
      if (more_bits(index, layers_with_values(spec, layer_count(spec))))
        format = WeightFormat::q6_k;
      break;
    case Recipe::iq4_nl:
    case Recipe::iq4_xs:
      if (few_value_heads) format = WeightFormat::q5_k;
      break;
    default:
      break;
  }
  const bool small = format == WeightFormat::q3_k || format == WeightFormat::q4_k;
  return is_70b(spec) && small ? WeightFormat::q5_k : format;
}

WeightFormat down_format(Recipe recipe, std::uint32_t layer, const ModelSpec& spec) {
  const WeightFormat base = row_of(recipe).base;
  switch (recipe) {
    case Recipe::q2_k:
      return WeightFormat::q3_k;
    case Recipe::q3_k_m:
      return layer < layer_count(spec) / 16 ? WeightFormat::q5_k : WeightFormat::q4_k;
    case Recipe::q3_k_l:
      return WeightFormat::q5_k;
    case Recipe::q4_k_s:
    case Recipe::iq4_nl:
    case Recipe::iq4_xs:
      return layer < layer_count(spec) / 8 ? WeightFormat::q5_k : base;
    case Recipe::q4_k_m:
    case Recipe::q5_k_m:
      return more_bits(layer, layer_count(spec)) ? WeightFormat::q6_k : base;
    default:
      return base;
  }
}

WeightFormat attention_output_format(Recipe recipe, const ModelSpec& spec) {
  const WeightFormat base = row_of(recipe).base;
  if (spec.moe.experts == 8) {
    switch (recipe) {
      case Recipe::q2_k:
      case Recipe::q3_k_s:
      case Recipe::q3_k_m:
      case Recipe::q4_k_s:
      case Recipe::q4_k_m:
      case Recipe::iq4_nl:
      case Recipe::iq4_xs:
        return WeightFormat::q5_k;
      default:
        return base;
    }
  }
  switch (recipe) {
    case Recipe::q2_k:
      return WeightFormat::q3_k;
    case Recipe::q3_k_m:
      return WeightFormat::q4_k;
    case Recipe::q3_k_l:
      return WeightFormat::q5_k;
    default:
      return base;
  }
}

WeightFormat mixture_format(Recipe recipe, const PlannedTensor& tensor, const ModelSpec& spec) {
  const WeightFormat base = row_of(recipe).base;
  if (recipe == Recipe::mxfp4) return tensor.experts > 1 ? base : WeightFormat::q8_0;
  switch (tensor.role) {
    case TensorRole::output_head:
      return base == WeightFormat::q8_0 ? base : WeightFormat::q6_k;
    case TensorRole::token_embedding:
    case TensorRole::layer_embedding:
      return !spec.tied_embeddings || base == WeightFormat::q8_0 ? base : WeightFormat::q6_k;
    case TensorRole::attention_v:
    case TensorRole::attention_qkv:  // these hold keys and values, and are taken for values
    case TensorRole::latent_up:
      return value_format(recipe, tensor.layer, spec);
    case TensorRole::mixer_in:  // a delta net's holds q, k and v, and is taken for values
      return spec.layers[tensor.layer].mixer == Mixer::gated_delta_net
                 ? value_format(recipe, tensor.layer, spec)
                 : base;
    case TensorRole::attention_k:
      return spec.moe.experts == 8 ? WeightFormat::q8_0 : base;
    case TensorRole::attention_output:
      return attention_output_format(recipe, spec);
    case TensorRole::ffn_down:
    case TensorRole::moe_down:
    case TensorRole::shared_down:
      return down_format(recipe, tensor.layer, spec);
    default:
      return base;
  }
}

bool divides(WeightFormat format, std::uint64_t columns) {
  return columns % block_shape(format)->values == 0;
}

/// What takes the place of a format whose block does not divide the rows.
WeightFormat fallback(WeightFormat format, std::uint64_t columns) {
  if (divides(format, columns)) return format;
  WeightFormat wider = WeightFormat::f16;
  switch (format) {
    case WeightFormat::q2_k:
    case WeightFormat::q3_k:
      wider = WeightFormat::q4_0;
      break;
    case WeightFormat::iq4_xs:
      wider = WeightFormat::iq4_nl;
      break;
    case WeightFormat::q4_k:
      wider = WeightFormat::q5_0;
      break;
    case WeightFormat::q5_k:
      wider = WeightFormat::q5_1;
      break;
    case WeightFormat::q6_k:
      wider = WeightFormat::q8_0;
      break;
    default:
      break;
  }
  return divides(wider, columns) ? wider : WeightFormat::f16;
}

/// Published in BF16, and left alone by the quantiser.
bool stays_bf16(TensorRole role) {
  switch (role) {
    case TensorRole::layer_input_projection:
    case TensorRole::stream_spread:
    case TensorRole::stream_gather:
    case TensorRole::low_rank_down:
    case TensorRole::low_rank_up:
      return true;
    default:
      return false;
  }
}

bool is_quantised(WeightFormat format) { return block_shape(format)->values > 1; }

}  // namespace

std::span<const Recipe> all_recipes() { return k_all; }

std::string_view recipe_name(Recipe recipe) { return row_of(recipe).name; }

std::optional<Recipe> recipe_from_name(std::string_view name) {
  std::string upper(name);
  for (char& letter : upper) {
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  if (upper == "MXFP4_MOE") return Recipe::mxfp4;
  for (const RecipeRow& row : k_recipes) {
    if (row.name == upper) return row.recipe;
  }
  return std::nullopt;
}

bool recipe_base_is_quantised(Recipe recipe) { return is_quantised(row_of(recipe).base); }

WeightFormat recipe_format(Recipe recipe, const PlannedTensor& tensor, const ModelSpec& spec) {
  if (!is_matrix(tensor.role)) return WeightFormat::f32;
  const WeightFormat base = row_of(recipe).base;
  if (!is_quantised(base)) return base;
  if (stays_bf16(tensor.role)) return WeightFormat::bf16;
  return fallback(mixture_format(recipe, tensor, spec), tensor.columns);
}

}  // namespace assay
