#pragma once

#include <cstdint>
#include <optional>

namespace assay {

/// A size computed from numbers of unknown origin: once an operation wraps, the result stays
/// invalid.
class CheckedSize {
 public:
  constexpr explicit CheckedSize(std::uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr std::optional<std::uint64_t> value() const {
    return valid_ ? std::optional(value_) : std::nullopt;
  }
  /// True when the size is valid and at most `limit`.
  [[nodiscard]] constexpr bool at_most(std::uint64_t limit) const {
    return valid_ && value_ <= limit;
  }

  friend constexpr CheckedSize operator+(CheckedSize a, CheckedSize b) {
    CheckedSize sum(0);
    sum.valid_ = !__builtin_add_overflow(a.value_, b.value_, &sum.value_) && a.valid_ && b.valid_;
    return sum;
  }
  friend constexpr CheckedSize operator*(CheckedSize a, CheckedSize b) {
    CheckedSize product(0);
    product.valid_ =
        !__builtin_mul_overflow(a.value_, b.value_, &product.value_) && a.valid_ && b.valid_;
    return product;
  }
  /// Rounds up to a multiple of `alignment`. Requires a power of two.
  [[nodiscard]] constexpr CheckedSize aligned_to(std::uint64_t alignment) const {
    CheckedSize rounded = *this + CheckedSize(alignment - 1);
    rounded.value_ &= ~(alignment - 1);
    return rounded;
  }

 private:
  std::uint64_t value_;
  bool valid_ = true;
};

}  // namespace assay
