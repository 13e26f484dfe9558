#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/gguf/byte_reader.hpp"
#include "reference-engine/gguf_file.hpp"

namespace assay {

/// Reads and checks the header of one GGUF file: magic, version, counts, metadata, tensor list.
/// Nothing is reserved from a declared count, and each size is checked against the bytes that are
/// there.
class GgufReader {
 public:
  explicit GgufReader(InputFile file) : gguf_(std::move(file)), bytes_(gguf_.file()) {}
  GgufReader(const GgufReader&) = delete;
  GgufReader& operator=(const GgufReader&) = delete;

  /// Call once.
  Result<GgufFile> read();

 private:
  Result<void> read_magic();
  Result<void> read_version();
  Result<void> read_metadata(std::uint64_t count);
  Result<void> read_key(std::uint64_t index);
  Result<GgufValue> read_value(const std::string& field, GgufType type);
  Result<GgufArray> read_array(const std::string& field);
  Result<void> read_array_texts(const std::string& field, std::uint64_t count, GgufArray& array);
  Result<void> read_alignment();
  Result<void> read_tensor_list(std::uint64_t count);
  Result<void> read_tensor(std::uint64_t index);
  Result<void> read_tensor_size(const std::string& field, GgufTensor& tensor);
  Result<void> check_tensor_places();
  Result<void> check_tensor_overlaps();

  /// Errors: the file ends before `count` more bytes, or the header grows over its limit.
  Result<void> need(std::uint64_t count, std::string_view field) const;
  template <typename Number>
  Result<Number> number(std::string_view field);
  Result<std::string> text(std::string_view field, std::uint64_t limit);
  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view field, std::string_view found) const {
    return gguf_.refuse(field, found);
  }

  GgufFile gguf_;
  ByteReader bytes_;
  std::uint64_t alignment_ = 32;  // where general.alignment is absent (the format's definition)
};

template <typename Number>
Result<Number> GgufReader::number(std::string_view field) {
  if (auto enough = need(sizeof(Number), field); !enough) return pass_on(enough);
  Number value{};
  if (auto read = bytes_.read(std::as_writable_bytes(std::span(&value, 1))); !read) {
    return pass_on(read);
  }
  return value;
}

}  // namespace assay
