#include "reference-engine/gguf_file.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/enum_table.hpp"
#include "base/text.hpp"
#include "reference-engine/gguf/gguf_reader.hpp"

namespace assay {
namespace {

constexpr EnumTable<GgufType, 13> k_type_names{{{
    {GgufType::u8, "u8"},
    {GgufType::i8, "i8"},
    {GgufType::u16, "u16"},
    {GgufType::i16, "i16"},
    {GgufType::u32, "u32"},
    {GgufType::i32, "i32"},
    {GgufType::f32, "f32"},
    {GgufType::boolean, "bool"},
    {GgufType::string, "string"},
    {GgufType::array, "array"},
    {GgufType::u64, "u64"},
    {GgufType::i64, "i64"},
    {GgufType::f64, "f64"},
}}};

}  // namespace

std::string_view gguf_type_name(GgufType type) { return k_type_names.name(type); }

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
  auto file = InputFile::open(path);
  if (!file) return pass_on(file);
  return GgufReader(std::move(*file)).read();
}

Result<GgufFile> GgufFile::read(std::string content, std::string name) {
  return GgufReader(InputFile::holding(std::move(content), std::move(name))).read();
}

GgufFile::GgufFile(InputFile file) : file_(std::move(file)) {}

tl::unexpected<Error> GgufFile::refuse(std::string_view field, std::string_view found) const {
  constexpr std::size_t k_longest_message = 600;
  return fail(ErrorCode::refused_input, printable(found, k_longest_message),
              fmt::format("{}: {}", name(), printable(field)));
}

const GgufTensor* GgufFile::tensor(std::string_view name) const {
  const auto found = tensor_index_.find(name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

bool GgufFile::has(std::string_view key) const { return values_.contains(key); }

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

Result<const GgufValue*> GgufFile::value(std::string_view key, std::string_view expected) const {
  const auto found = values_.find(key);
  if (found == values_.end()) {
    return refuse(key, fmt::format("missing (expected {})", expected));
  }
  return &found->second;
}

tl::unexpected<Error> GgufFile::wrong_type(std::string_view key, const GgufValue& found,
                                           std::string_view expected) const {
  std::string shown(gguf_type_name(found.type));
  if (const auto* content = std::get_if<std::string>(&found.value)) {
    shown = fmt::format("string '{}'", printable(*content, 60));
  } else if (const auto* number = std::get_if<std::int64_t>(&found.value)) {
    shown = fmt::format("{} {}", shown, *number);
  } else if (const auto* array = std::get_if<GgufArray>(&found.value)) {
    shown = fmt::format("array of {}", gguf_type_name(array->element()));
  }
  return refuse(key, fmt::format("{} (expected {})", shown, expected));
}

Result<std::uint64_t> GgufFile::count(std::string_view key) const {
  constexpr std::string_view k_expected = "a non-negative integer";
  const auto found = value(key, k_expected);
  if (!found) return pass_on(found);
  if (const auto* number = std::get_if<std::uint64_t>(&(*found)->value)) return *number;
  const auto* number = std::get_if<std::int64_t>(&(*found)->value);
  if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
  return wrong_type(key, **found, k_expected);
}

Result<double> GgufFile::number(std::string_view key) const {
  const auto found = value(key, "f32 or f64");
  if (!found) return pass_on(found);
  if (const auto* number = std::get_if<double>(&(*found)->value)) return *number;
  return wrong_type(key, **found, "f32 or f64");
}

Result<bool> GgufFile::flag(std::string_view key) const {
  const auto found = value(key, "bool");
  if (!found) return pass_on(found);
  if (const auto* flag = std::get_if<bool>(&(*found)->value)) return *flag;
  return wrong_type(key, **found, "bool");
}

Result<std::string> GgufFile::text(std::string_view key) const {
  const auto found = value(key, "string");
  if (!found) return pass_on(found);
  if (const auto* content = std::get_if<std::string>(&(*found)->value)) return *content;
  return wrong_type(key, **found, "string");
}

Result<const GgufArray*> GgufFile::array(std::string_view key, GgufType element) const {
  const std::string expected = fmt::format("array of {}", gguf_type_name(element));
  const auto found = value(key, expected);
  if (!found) return pass_on(found);
  const auto* array = std::get_if<GgufArray>(&(*found)->value);
  if (array != nullptr && array->element() == element) return array;
  return wrong_type(key, **found, expected);
}

Result<std::uint64_t> GgufFile::count_or(std::string_view key, std::uint64_t fallback) const {
  return has(key) ? count(key) : Result<std::uint64_t>(fallback);
}

Result<double> GgufFile::number_or(std::string_view key, double fallback) const {
  return has(key) ? number(key) : Result<double>(fallback);
}

Result<std::string> GgufFile::text_or(std::string_view key, std::string fallback) const {
  return has(key) ? text(key) : Result<std::string>(std::move(fallback));
}

Result<bool> GgufFile::flag_or(std::string_view key, bool fallback) const {
  return has(key) ? flag(key) : Result<bool>(fallback);
}

}  // namespace assay
