#pragma once

#include <initializer_list>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace assay {

/// Errors: refused_input for a key of the object that is not among `known`: a slip of the pen would
/// otherwise pass for a field that was left out. The nearest known key is suggested.
Result<void> only_known_keys(const JsonFields& fields,
                             std::initializer_list<std::string_view> known);

}  // namespace assay
