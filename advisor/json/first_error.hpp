#pragma once

#include <optional>
#include <utility>

#include "base/result.hpp"

namespace assay {

/// Reads many fields and keeps the first failure, so that a typed parser is a list of fields.
/// Usage: `FirstError read; read.take(fields.text("id"), entry.id); if (!read.ok()) ...`
class FirstError {
 public:
  /// Moves a value into `into`, or keeps the error when it is the first.
  template <typename T, typename Into>
  void take(Result<T> value, Into& into) {
    if (value) {
      into = std::move(*value);
    } else if (!error_) {
      error_ = value.error();
    }
  }
  /// The same for a field that may be missing: `into` keeps its value then.
  template <typename T, typename Into>
  void take_if_there(Result<std::optional<T>> value, Into& into) {
    if (!value) {
      if (!error_) error_ = value.error();
    } else if (value->has_value()) {
      into = std::move(**value);
    }
  }
  void keep(tl::unexpected<Error> failure) {
    if (!error_) error_ = std::move(failure.value());
  }
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  /// Requires !ok().
  [[nodiscard]] tl::unexpected<Error> failure() const { return tl::unexpected<Error>(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace assay
