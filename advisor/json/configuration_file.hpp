#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

// What the readers of the files under configs/ share.

namespace assay {

/// The text of a file that is compiled in, named below configs/. Errors: internal when there is
/// none of that name.
Result<std::string_view> builtin_text(std::string_view file);

/// Errors: refused_input when the document's `schema` is missing or another one.
Result<void> require_schema(const JsonFields& fields, std::string_view schema);

}  // namespace assay
