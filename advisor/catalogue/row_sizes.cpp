#include "advisor/catalogue/row_sizes.hpp"

#include <fmt/format.h>

#include <limits>

namespace assay {

Result<std::uint32_t> size_of(const JsonFields& fields, std::string_view key) {
  const auto value = fields.count(key);
  if (!value) return pass_on(value);
  if (*value == 0 || *value > std::numeric_limits<std::uint32_t>::max()) {
    return fields.refuse(key, fmt::format("{} found (expected 1 to 4294967295)", *value));
  }
  return static_cast<std::uint32_t>(*value);
}

Result<std::optional<std::uint32_t>> size_if_there(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return std::optional<std::uint32_t>();
  const auto value = size_of(fields, key);
  if (!value) return pass_on(value);
  return std::optional<std::uint32_t>(*value);
}

}  // namespace assay
