#include "probes/profile_json/fact_fields.hpp"

namespace assay {

Result<std::optional<std::uint32_t>> read_optional_count32(const JsonFields& fields,
                                                           std::string_view key) {
  if (!fields.has(key)) return std::nullopt;
  const auto count = read_count32(fields, key);
  if (!count) return pass_on(count);
  return *count;
}

Result<std::uint32_t> read_count32(const JsonFields& fields, std::string_view key) {
  const auto count = fields.count(key);
  if (!count) return pass_on(count);
  if (*count > UINT32_MAX) {
    return fields.refuse(key, fmt::format("{} found (expected at most 2^32 - 1)", *count));
  }
  return static_cast<std::uint32_t>(*count);
}

}  // namespace assay
