// general.file_type of a GGUF file: the mixture that its writer followed (llama.h of
// ggml-org/llama.cpp).
#include <algorithm>
#include <array>
#include <string_view>

#include "reference-engine/quantisation.hpp"

namespace assay {
namespace {

struct FileType {
  std::uint32_t number;
  std::string_view name;  // of the recipe
};

constexpr std::array<FileType, 20> k_file_types{
    {{0, "F32"},     {1, "F16"},     {2, "Q4_0"},    {3, "Q4_1"},    {7, "Q8_0"},
     {8, "Q5_0"},    {9, "Q5_1"},    {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"},
     {13, "Q3_K_L"}, {14, "Q4_K_S"}, {15, "Q4_K_M"}, {16, "Q5_K_S"}, {17, "Q5_K_M"},
     {18, "Q6_K"},   {25, "IQ4_NL"}, {30, "IQ4_XS"}, {32, "BF16"},   {38, "MXFP4"}}};

}  // namespace

std::uint32_t file_type_of(Recipe recipe) {
  const std::string_view name = recipe_name(recipe);
  return std::find_if(k_file_types.begin(), k_file_types.end(),
                      [&](const FileType& type) { return type.name == name; })
      ->number;
}

std::optional<Recipe> recipe_of_file_type(std::uint64_t file_type) {
  for (const FileType& type : k_file_types) {
    if (type.number == file_type) return recipe_from_name(type.name);
  }
  return std::nullopt;
}

}  // namespace assay
