#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// The type of a metadata value; the numbers are those of the file format.
enum class GgufType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};
/// Empty for a number that is no type.
std::string_view gguf_type_name(GgufType type);

/// An array of one element type, never nested, kept as the bytes of the file: a vocabulary of
/// 150,000 texts is two allocations.
class GgufArray {
 public:
  [[nodiscard]] GgufType element() const { return element_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Requires element() == GgufType::string and index < size().
  [[nodiscard]] std::string_view text(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }
  /// Requires that Number is the C++ type of element(), and index < size().
  template <typename Number>
  [[nodiscard]] Number number(std::size_t index) const {
    Number value;
    std::memcpy(&value, bytes_.data() + index * sizeof(Number), sizeof(Number));
    return value;
  }
  /// The numbers as they lie in the file; nothing for texts.
  [[nodiscard]] std::string_view numbers() const {
    return element_ == GgufType::string ? std::string_view() : std::string_view(bytes_);
  }

 private:
  friend class GgufReader;
  GgufType element_ = GgufType::u8;
  std::size_t count_ = 0;
  std::string bytes_;
  std::vector<std::uint32_t> ends_;  // where each text ends in bytes_; empty for numbers
};

/// A value of the metadata with the type that the file gave it.
struct GgufValue {
  GgufType type;
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray> value;
};

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> dims;  // 1 to 4, the row length first
  WeightFormat format;
  std::uint64_t offset;  // from the start of the file
  std::uint64_t bytes;
};

/// The checked header of a GGUF file, and the open file. Everything that is declared has been
/// compared with the file's size; no allocation follows a declared count.
class GgufFile {
 public:
  /// Errors: refused_input, `FILE: FIELD: what was found (what was expected)`.
  static Result<GgufFile> open(const std::filesystem::path& path);
  /// The same for a file in memory.
  static Result<GgufFile> read(std::string content, std::string name);

  [[nodiscard]] const std::string& name() const { return file_.name(); }
  [[nodiscard]] const InputFile& file() const { return file_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return tensors_; }
  /// Nothing when the file has no tensor of that name.
  [[nodiscard]] const GgufTensor* tensor(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view key) const;
  /// The names of all keys, in the order of the file.
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  /// The value of a key, of any type; null when the file has no such key.
  [[nodiscard]] const GgufValue* find(std::string_view key) const;

  /// Typed getters. Errors: refused_input that names the file and the key, for a missing key or
  /// another type.
  [[nodiscard]] Result<std::uint64_t> count(
      std::string_view key) const;                                  // any non-negative integer type
  [[nodiscard]] Result<double> number(std::string_view key) const;  // f32 or f64
  [[nodiscard]] Result<bool> flag(std::string_view key) const;
  [[nodiscard]] Result<std::string> text(std::string_view key) const;
  /// The array lives as long as the file.
  [[nodiscard]] Result<const GgufArray*> array(std::string_view key, GgufType element) const;
  [[nodiscard]] Result<std::uint64_t> count_or(std::string_view key, std::uint64_t fallback) const;
  [[nodiscard]] Result<double> number_or(std::string_view key, double fallback) const;
  [[nodiscard]] Result<std::string> text_or(std::string_view key, std::string fallback) const;
  [[nodiscard]] Result<bool> flag_or(std::string_view key, bool fallback) const;
  /// A refusal that names this file and `field`; both texts are made printable.
  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view field, std::string_view found) const;

 private:
  friend class GgufReader;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <typename Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  explicit GgufFile(InputFile file);
  [[nodiscard]] Result<const GgufValue*> value(std::string_view key,
                                               std::string_view expected) const;
  [[nodiscard]] tl::unexpected<Error> wrong_type(std::string_view key, const GgufValue& found,
                                                 std::string_view expected) const;

  InputFile file_;
  std::uint32_t version_ = 0;
  TextMap<GgufValue> values_;
  std::vector<std::string> keys_;
  std::vector<GgufTensor> tensors_;
  TextMap<std::size_t> tensor_index_;
};

/// The spec that a file's keys describe. Errors: refused_input for an unknown architecture (those
/// supported are named) and for each impossible size.
Result<ModelSpec> model_spec(const GgufFile& file);
/// The plan of the file's own tensors, each checked against the spec (present, right shape, allowed
/// format; no tensor that the spec does not know).
Result<TensorPlan> tensor_plan(const GgufFile& file, const ModelSpec& spec);

}  // namespace assay
