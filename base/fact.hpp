#pragma once

#include <optional>
#include <string>
#include <utility>

namespace assay {

enum class FactState { known, absent, unknown };

/// Something that a probe looked for: a value with its source, the certainty that it is not there,
/// or the reason why it could not be told. There are no sentinel values.
template <typename T>
class Fact {
 public:
  /// Nobody has looked yet.
  Fact() : state_(FactState::unknown), detail_("not probed") {}

  static Fact known(T value, std::string source) {
    return Fact(FactState::known, std::move(value), std::move(source));
  }
  /// The machine does not have it; `source` says what shows so.
  static Fact absent(std::string source) {
    return Fact(FactState::absent, std::nullopt, std::move(source));
  }
  static Fact unknown(std::string reason) {
    return Fact(FactState::unknown, std::nullopt, std::move(reason));
  }

  [[nodiscard]] FactState state() const { return state_; }
  [[nodiscard]] bool is_known() const { return state_ == FactState::known; }
  /// Requires is_known().
  [[nodiscard]] const T& value() const { return *value_; }
  [[nodiscard]] T value_or(T fallback) const { return value_.value_or(std::move(fallback)); }
  [[nodiscard]] const std::optional<T>& optional() const { return value_; }
  /// Where a known or absent fact came from; empty for an unknown one.
  [[nodiscard]] std::string source() const {
    return state_ == FactState::unknown ? std::string() : detail_;
  }
  /// Why an unknown fact is not known; empty for the others.
  [[nodiscard]] std::string reason() const {
    return state_ == FactState::unknown ? detail_ : std::string();
  }

 private:
  Fact(FactState state, std::optional<T> value, std::string detail)
      : state_(state), value_(std::move(value)), detail_(std::move(detail)) {}

  FactState state_;
  std::optional<T> value_;
  std::string detail_;
};

}  // namespace assay
