#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace assay {

/// The whole of `text` as a number; nothing when there is anything else in it, or nothing at all.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T number{};
  const char* first = text.data();
  const auto [end, error] = std::from_chars(first, first + text.size(), number, base);
  if (error != std::errc() || end != first + text.size()) return std::nullopt;
  return number;
}

template <std::floating_point T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const char* first = text.data();
  const auto [end, error] = std::from_chars(first, first + text.size(), number);
  if (error != std::errc() || end != first + text.size()) return std::nullopt;
  return number;
}

/// The same in base 16, with or without "0x".
template <std::integral T>
std::optional<T> parse_hexadecimal(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  return parse_number<T>(text, 16);
}

}  // namespace assay
