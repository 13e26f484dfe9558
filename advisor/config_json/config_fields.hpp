#pragma once

#include <cstdint>
#include <string_view>

#include "base/json.hpp"

namespace assay {

/// Fields of a config.json; `otherwise` where the file has none. Errors name the field. A size of 0
/// is none: then the file must have it.
Result<std::uint32_t> config_size(const JsonFields& fields, std::string_view key,
                                  std::uint32_t otherwise = 0);
Result<double> config_number(const JsonFields& fields, std::string_view key, double otherwise);
Result<bool> config_flag(const JsonFields& fields, std::string_view key, bool otherwise);

}  // namespace assay
