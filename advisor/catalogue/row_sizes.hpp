#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace assay {

/// A size of a model: 1 to the most that 32 bits hold. Errors name the field.
Result<std::uint32_t> size_of(const JsonFields& fields, std::string_view key);
/// The same for a field that may be missing.
Result<std::optional<std::uint32_t>> size_if_there(const JsonFields& fields, std::string_view key);

}  // namespace assay
