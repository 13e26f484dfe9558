#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "base/error.hpp"

namespace assay {

/// A value of type T, or the Error that explains its absence.
template <typename T>
using Result = tl::expected<T, Error>;

/// Builds the failure side of any Result.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string source = {},
                                  std::string remedy = {}) {
  return tl::unexpected<Error>(
      Error{code, std::move(message), std::move(source), std::move(remedy)});
}

/// Passes the failure of another Result on.
template <typename T>
tl::unexpected<Error> pass_on(const Result<T>& failed) {
  return tl::unexpected<Error>(failed.error());
}

}  // namespace assay
