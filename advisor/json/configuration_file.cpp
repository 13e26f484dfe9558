#include "advisor/json/configuration_file.hpp"

#include <fmt/format.h>

#include <string>

#include "base/embedded.hpp"

namespace assay {

Result<std::string_view> builtin_text(std::string_view file) {
  const auto text = embedded_file(file);
  if (!text) return fail(ErrorCode::internal, "is not compiled in", std::string(file));
  return *text;
}

Result<void> require_schema(const JsonFields& fields, std::string_view schema) {
  const auto found = fields.text("schema");
  if (!found) return pass_on(found);
  if (*found == schema) return {};
  return fields.refuse("schema", fmt::format("{} found (expected {})", *found, schema));
}

}  // namespace assay
