// The mixture rules of the public quantiser (llama-quant.cpp of ggml-org/llama.cpp, without an
// importance matrix), so that a planned model has the size of the file that people download.
#include "reference-engine/spec/recipe.hpp"

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

constexpr std::array<RecipeRow, 9> k_recipes{{
    {Recipe::f32, "F32", WeightFormat::f32},
    {Recipe::f16, "F16", WeightFormat::f16},
    {Recipe::bf16, "BF16", WeightFormat::bf16},
    {Recipe::q8_0, "Q8_0", WeightFormat::q8_0},
    {Recipe::q4_0, "Q4_0", WeightFormat::q4_0},
    {Recipe::q4_k_s, "Q4_K_S", WeightFormat::q4_k},
    {Recipe::q4_k_m, "Q4_K_M", WeightFormat::q4_k},
    {Recipe::q5_k_m, "Q5_K_M", WeightFormat::q5_k},
    {Recipe::q6_k, "Q6_K", WeightFormat::q6_k},
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
bool is_70b(const ModelSpec& spec) { return spec.layers == 80 && spec.heads != spec.kv_heads; }

WeightFormat value_format(Recipe recipe, std::uint32_t layer, const ModelSpec& spec) {
  constexpr std::uint32_t k_better_layers = 4;  // of Q4_K_S
  if (spec.moe.experts == 8) return WeightFormat::q8_0;
  WeightFormat format = row_of(recipe).base;
  if ((recipe == Recipe::q4_k_m || recipe == Recipe::q5_k_m) && more_bits(layer, spec.layers)) {
    format = WeightFormat::q6_k;
  } else if (recipe == Recipe::q4_k_s && layer < k_better_layers) {
    format = WeightFormat::q5_k;
  }
  return is_70b(spec) && format == WeightFormat::q4_k ? WeightFormat::q5_k : format;
}

WeightFormat down_format(Recipe recipe, std::uint32_t layer, const ModelSpec& spec) {
  if ((recipe == Recipe::q4_k_m || recipe == Recipe::q5_k_m) && more_bits(layer, spec.layers)) {
    return WeightFormat::q6_k;
  }
  if (recipe == Recipe::q4_k_s && layer < spec.layers / 8) return WeightFormat::q5_k;
  return row_of(recipe).base;
}

WeightFormat mixture_format(Recipe recipe, const PlannedTensor& tensor, const ModelSpec& spec) {
  const WeightFormat base = row_of(recipe).base;
  switch (tensor.role) {
    case TensorRole::output_head:
      return base == WeightFormat::q8_0 ? base : WeightFormat::q6_k;
    case TensorRole::token_embedding:
      return !spec.tied_embeddings || base == WeightFormat::q8_0 ? base : WeightFormat::q6_k;
    case TensorRole::attention_v:
      return value_format(recipe, tensor.layer, spec);
    case TensorRole::attention_k:
      return spec.moe.experts == 8 ? WeightFormat::q8_0 : base;
    case TensorRole::attention_output:
      return spec.moe.experts == 8 && base == WeightFormat::q4_k ? WeightFormat::q5_k : base;
    case TensorRole::ffn_down:
    case TensorRole::moe_down:
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
  if (format == WeightFormat::q4_k) wider = WeightFormat::q5_0;
  if (format == WeightFormat::q5_k) wider = WeightFormat::q5_1;
  if (format == WeightFormat::q6_k) wider = WeightFormat::q8_0;
  return divides(wider, columns) ? wider : WeightFormat::f16;
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
  for (const RecipeRow& row : k_recipes) {
    if (row.name == upper) return row.recipe;
  }
  return std::nullopt;
}

WeightFormat recipe_format(Recipe recipe, const PlannedTensor& tensor, const ModelSpec& spec) {
  if (!is_matrix(tensor.role)) return WeightFormat::f32;
  const WeightFormat base = row_of(recipe).base;
  if (!is_quantised(base)) return base;
  return fallback(mixture_format(recipe, tensor, spec), tensor.columns);
}

}  // namespace assay
