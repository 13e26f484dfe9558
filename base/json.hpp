#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "base/units.hpp"

namespace assay {

using Json = nlohmann::ordered_json;

/// Parses a JSON text. Limits: nesting depth 64; duplicate keys, NaN and invalid UTF-8 are refused.
/// Errors: refused_input, with `source` as the name of the text.
Result<Json> parse_json(std::string_view text, const std::string& source);
/// parse_json over a file of at most `limit`.
Result<Json> read_json_file(const std::filesystem::path& path, Bytes limit = mebibytes(64));

/// The text of a document, for a file or standard output: indented, ended by a line's end. Bytes
/// that are no UTF-8 (of a file's name) are replaced.
std::string json_text(const Json& json);

/// Typed access to the fields of one JSON object; every error names the document and the field
/// ("FILE: /cpu/vendor: expected a string, found 3"). Values are never cast from another type.
class JsonFields {
 public:
  /// `object` must outlive the reader. `pointer` is where it stands in the document ("" for the
  /// root).
  JsonFields(const Json& object, std::string source, std::string pointer = {});

  [[nodiscard]] bool has(std::string_view key) const;  // present and not null
  [[nodiscard]] Result<std::string> text(std::string_view key) const;
  [[nodiscard]] Result<double> number(std::string_view key) const;
  [[nodiscard]] Result<std::uint64_t> count(std::string_view key) const;
  [[nodiscard]] Result<bool> flag(std::string_view key) const;
  [[nodiscard]] Result<JsonFields> object(std::string_view key) const;
  [[nodiscard]] Result<std::vector<JsonFields>> objects(
      std::string_view key) const;  // array of objects
  [[nodiscard]] Result<std::vector<double>> numbers(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key) const;

  /// The same, with nothing for a missing or null field; a wrong type is still an error.
  [[nodiscard]] Result<std::optional<std::string>> optional_text(std::string_view key) const;
  [[nodiscard]] Result<std::optional<double>> optional_number(std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::uint64_t>> optional_count(std::string_view key) const;
  [[nodiscard]] Result<std::optional<bool>> optional_flag(std::string_view key) const;

  [[nodiscard]] const Json& json() const { return *object_; }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  /// A refusal that names this document and `key`.
  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view key, const std::string& found) const;

 private:
  [[nodiscard]] const Json* find(std::string_view key) const;

  const Json* object_;
  std::string source_;
  std::string pointer_;
};

}  // namespace assay
