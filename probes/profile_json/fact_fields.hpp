#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "base/units.hpp"

namespace assay {

inline constexpr std::size_t k_most_items = 4096;  // no machine has more caches, kinds or devices

/// One object being written: its facts go into the object and into the notes.
class FactWriter {
 public:
  FactWriter(std::string pointer, DocumentNotes& notes)
      : pointer_(std::move(pointer)), notes_(notes), object_(Json::object()) {}

  template <typename T>
  void put(const std::string& key, const Fact<T>& fact) {
    put_fact(object_, pointer_, key, fact, notes_);
  }
  void put_bytes(const std::string& key, const Fact<Bytes>& fact) {
    put_fact(object_, pointer_, key, fact, notes_, [](Bytes bytes) { return Json(bytes.value); });
  }
  template <typename T, typename ToJson>
  void put_as(const std::string& key, const Fact<T>& fact, ToJson to_json) {
    put_fact(object_, pointer_, key, fact, notes_, to_json);
  }
  Json& operator[](const std::string& key) { return object_[key]; }
  [[nodiscard]] std::string place(const std::string& key) const { return pointer_ + "/" + key; }
  [[nodiscard]] Json take() { return std::move(object_); }

 private:
  std::string pointer_;
  DocumentNotes& notes_;
  Json object_;
};

/// One object being read: typed facts, and the first refusal.
class FactReader {
 public:
  FactReader(const JsonFields& fields, std::string pointer, const DocumentNotes& notes)
      : fields_(fields), pointer_(std::move(pointer)), notes_(notes) {}

  [[nodiscard]] std::string place(std::string_view key) const {
    return fmt::format("{}/{}", pointer_, key);
  }
  void text(std::string_view key, Fact<std::string>& fact) {
    take(key, fields_.optional_text(key), fact);
  }
  void number(std::string_view key, Fact<double>& fact) {
    take(key, fields_.optional_number(key), fact);
  }
  void flag(std::string_view key, Fact<bool>& fact) { take(key, fields_.optional_flag(key), fact); }
  void bytes(std::string_view key, Fact<Bytes>& fact) {
    take_as<Bytes>(key, fields_.optional_count(key), fact,
                   [](std::uint64_t count) { return Bytes(count); });
  }
  void count(std::string_view key, Fact<std::uint32_t>& fact) {
    const auto found = fields_.optional_count(key);
    if (found && *found && **found > UINT32_MAX) {
      refuse(fields_.refuse(key, fmt::format("{} found (expected at most 2^32 - 1)", **found)));
      return;
    }
    take_as<std::uint32_t>(key, found, fact,
                           [](std::uint64_t value) { return static_cast<std::uint32_t>(value); });
  }
  /// A list of objects or texts, given as a Result; null and missing are unknown.
  template <typename T>
  void list(std::string_view key, Result<std::vector<T>> items, Fact<std::vector<T>>& fact) {
    std::optional<std::vector<T>> value;
    if (fields_.has(key)) {
      if (!items) return refuse(pass_on(items));
      if (items->size() > k_most_items) {
        return refuse(fields_.refuse(
            key, fmt::format("{} items found (expected at most {})", items->size(), k_most_items)));
      }
      value = std::move(*items);
    }
    fact = fact_from(std::move(value), place(key), notes_);
  }
  template <typename T>
  void take(std::string_view key, Result<std::optional<T>> found, Fact<T>& fact) {
    if (!found) return refuse(pass_on(found));
    fact = fact_from(std::move(*found), place(key), notes_);
  }
  void refuse(tl::unexpected<Error> refusal) {
    if (!error_) error_ = refusal.value();
  }
  [[nodiscard]] Result<void> result() const {
    if (error_) return tl::unexpected<Error>(*error_);
    return {};
  }

 private:
  template <typename T, typename Found, typename Convert>
  void take_as(std::string_view key, const Result<std::optional<Found>>& found, Fact<T>& fact,
               Convert convert) {
    if (!found) return refuse(pass_on(found));
    std::optional<T> value;
    if (*found) value = convert(**found);
    fact = fact_from(std::move(value), place(key), notes_);
  }

  const JsonFields& fields_;
  std::string pointer_;
  const DocumentNotes& notes_;
  std::optional<Error> error_;
};

/// Writes what an item of a list knows; readers take a missing field as not known.
template <typename T>
void put_known(Json& item, const char* key, const std::optional<T>& value) {
  if (value) item[key] = *value;
}

/// A count that an object may hold. Errors: refused_input when it is above 2^32 - 1.
Result<std::optional<std::uint32_t>> read_optional_count32(const JsonFields& fields,
                                                           std::string_view key);
/// A count that an object must hold. Errors: refused_input when it is missing or above 2^32 - 1.
Result<std::uint32_t> read_count32(const JsonFields& fields, std::string_view key);

}  // namespace assay
