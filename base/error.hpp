#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace assay {

/// What kind of failure an Error is; cli/ maps each to one exit code of the contract.
enum class ErrorCode {
  usage,           // the caller asked for something that does not exist (exit 2)
  refused_input,   // a file is malformed, unsupported or unreadable (exit 3)
  does_not_fit,    // memory would not suffice; refused before allocating (exit 4)
  invalid_result,  // measured, but the output or the speed cannot be right (exit 5)
  unknown,         // cannot tell: not comparable, or a fact is missing (exit 6)
  io,              // could not write, or a system call failed (exit 7)
  internal,        // a broken invariant that was caught (exit 7)
  interrupted,     // SIGINT or SIGTERM arrived (exit 130 / 143)
};

/// A failure as a value: what was tried, what was found, what the user can do.
/// `source` names where it came from (a file, or "FILE: FIELD"); it may be empty.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string source;
  std::string remedy;  // one line of advice, may be empty

  /// `SOURCE: MESSAGE`, or the message alone when there is no source.
  [[nodiscard]] std::string text() const {
    return source.empty() ? message : source + ": " + message;
  }
};

}  // namespace assay
