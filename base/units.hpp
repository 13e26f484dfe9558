#pragma once

#include <compare>
#include <cstdint>

namespace assay {

/// A number with its unit in the type. Tag names the unit; Number is its representation.
template <typename Tag, typename Number>
struct Quantity {
  Number value{};

  constexpr Quantity() = default;
  constexpr explicit Quantity(Number number) : value(number) {}

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity(a.value + b.value);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.value - b.value);
  }
};

using Bytes = Quantity<struct BytesTag, std::uint64_t>;
using Seconds = Quantity<struct SecondsTag, double>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag, double>;
using TokensPerSecond = Quantity<struct TokensPerSecondTag, double>;
using OpsPerSecond = Quantity<struct OpsPerSecondTag, double>;

constexpr Bytes mebibytes(std::uint64_t count) { return Bytes(count << 20); }
constexpr Bytes gibibytes(std::uint64_t count) { return Bytes(count << 30); }

}  // namespace assay
