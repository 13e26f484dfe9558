#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/json.hpp"

namespace assay {

/// Fields of a config.json; `otherwise` where the file has none. Errors name the field. A size of 0
/// is none: then the file must have it.
Result<std::uint32_t> config_size(const JsonFields& fields, std::string_view key,
                                  std::uint32_t otherwise = 0);
/// Sizes under the catalogue's names.
struct NamedSize {
  const char* name;
  std::string_view key;
  std::uint32_t otherwise = 0;
};
Result<Json> config_sizes(const JsonFields& fields, std::initializer_list<NamedSize> sizes);
Result<double> config_number(const JsonFields& fields, std::string_view key, double otherwise);
Result<bool> config_flag(const JsonFields& fields, std::string_view key, bool otherwise);

}  // namespace assay
