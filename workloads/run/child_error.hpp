#pragma once

#include "base/json.hpp"

namespace assay {

/// How a child process says why it failed: {"error": {"code", "message", "source", "remedy"}}.
Json error_to_json(const Error& error);
/// The fields of "error". A missing code counts as internal.
Error error_from_json(const JsonFields& fields);

}  // namespace assay
