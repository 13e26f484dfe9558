#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference-engine/gguf_file.hpp"

namespace assay {

/// Little-endian bytes of numbers and GGUF texts, appended one after the other.
class ByteString {
 public:
  template <typename Number>
  ByteString& number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  ByteString& text(std::string_view content) {
    number<std::uint64_t>(content.size());
    bytes_.append(content);
    return *this;
  }
  ByteString& raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  ByteString& pad_to(std::size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  [[nodiscard]] const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Writes GGUF files for tests, right ones and wrong ones: every declared number can be replaced by
/// a false one.
class GgufBuilder {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t format = 0;
    std::string data;
    std::optional<std::uint64_t> declared_offset = std::nullopt;
    std::optional<std::uint64_t> declared_name_length = std::nullopt;
    std::optional<std::uint32_t> declared_dims = std::nullopt;
  };
  struct Key {
    std::string name;
    std::uint32_t type;
    std::string value;  // as in the file
  };

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> declared_tensors;
  std::optional<std::uint64_t> declared_keys;
  std::size_t alignment = 32;  // of the layout, whatever general.alignment says
  std::vector<Key> keys;
  std::vector<Tensor> tensors;

  /// Each replaces a key of the same name.
  GgufBuilder& set_raw(std::string name, GgufType type, std::string value);
  GgufBuilder& set_text(std::string name, std::string_view value);
  GgufBuilder& set_bool(std::string name, bool value);
  template <typename Number>
  GgufBuilder& set(std::string name, GgufType type, Number value) {
    return set_raw(std::move(name), type, ByteString().number(value).str());
  }
  GgufBuilder& set_u32(std::string name, std::uint32_t value) {
    return set(std::move(name), GgufType::u32, value);
  }
  GgufBuilder& set_f32(std::string name, float value) {
    return set(std::move(name), GgufType::f32, value);
  }
  GgufBuilder& set_texts(std::string name, std::span<const std::string> values);
  template <typename Number>
  GgufBuilder& set_numbers(std::string name, GgufType element, std::span<const Number> values) {
    ByteString bytes;
    bytes.number(static_cast<std::uint32_t>(element)).template number<std::uint64_t>(values.size());
    for (const Number value : values) bytes.number(value);
    return set_raw(std::move(name), GgufType::array, bytes.str());
  }
  GgufBuilder& remove(std::string_view name);  // a key or a tensor
  GgufBuilder& add_f32(std::string name, std::vector<std::uint64_t> dims,
                       std::span<const float> values);
  Tensor& tensor(std::string_view name);  // requires that it is there

  /// The whole file.
  [[nodiscard]] std::string build() const;
};

}  // namespace assay
