#include "advisor/config_json/config_fields.hpp"

#include "advisor/catalogue/row_sizes.hpp"
namespace assay {

Result<std::uint32_t> config_size(const JsonFields& fields, std::string_view key,
                                  std::uint32_t otherwise) {
  const auto value = size_if_there(fields, key);
  if (!value) return pass_on(value);
  if (*value) return **value;
  if (otherwise == 0) return fields.refuse(key, "missing (expected a whole number)");
  return otherwise;
}

Result<Json> config_sizes(const JsonFields& fields, std::initializer_list<NamedSize> sizes) {
  Json found;
  for (const NamedSize& size : sizes) {
    const auto value = config_size(fields, size.key, size.otherwise);
    if (!value) return pass_on(value);
    found[size.name] = *value;
  }
  return found;
}

Result<double> config_number(const JsonFields& fields, std::string_view key, double otherwise) {
  const auto value = fields.optional_number(key);
  if (!value) return pass_on(value);
  return value->value_or(otherwise);
}

Result<bool> config_flag(const JsonFields& fields, std::string_view key, bool otherwise) {
  const auto value = fields.optional_flag(key);
  if (!value) return pass_on(value);
  return value->value_or(otherwise);
}

}  // namespace assay
