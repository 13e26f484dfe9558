#include "reference-engine/gguf/gguf_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/text.hpp"
#include "reference-engine/gguf/checked_size.hpp"
#include "reference-engine/gguf/limits.hpp"

namespace assay {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are copied as they lie");

// The smallest key: length 8, one byte, type 4. The smallest tensor entry: length 8, dimension
// count 4, one dimension 8, type 4, offset 8.
constexpr std::uint64_t k_smallest_key = 13;
constexpr std::uint64_t k_smallest_tensor = 32;

/// What else a file that is no GGUF may be, by its first bytes.
struct Lookalike {
  std::string_view start;
  std::string_view name;
};
constexpr std::array<Lookalike, 12> k_lookalikes{{
    {"lmgg", "the GGML format of before 2023 (expected GGUF version 2 or 3)"},
    {"fmgg", "the GGMF format of before 2023 (expected GGUF version 2 or 3)"},
    {"tjgg", "the GGJT format of before 2023 (expected GGUF version 2 or 3)"},
    {"algg", "a GGLA adapter file (expected a GGUF model)"},
    {"version https://git-lfs", "a git-lfs pointer, the model itself was not downloaded"},
    {"<!DOCTYPE", "an HTML page, the download gave a web page instead of the model"},
    {"<!doctype", "an HTML page, the download gave a web page instead of the model"},
    {"<html", "an HTML page, the download gave a web page instead of the model"},
    {"<HTML", "an HTML page, the download gave a web page instead of the model"},
    {"PK\x03\x04", "a ZIP archive or a PyTorch checkpoint (expected a GGUF model)"},
    {"\x1f\x8b", "a gzip archive (expected a GGUF model)"},
    {"FUGG", "byte-swapped magic: a big-endian file (expected little-endian)"},
}};

/// Bytes of one number, 0 for the types of variable size and for unknown ones.
std::uint64_t fixed_size(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64:
      return 8;
    case GgufType::string:
    case GgufType::array:
      break;
  }
  return 0;
}

template <typename Stored, typename Kept>
Result<GgufValue> kept_as(GgufType type, const Result<Stored>& stored) {
  if (!stored) return pass_on(stored);
  return GgufValue{type, static_cast<Kept>(*stored)};
}

}  // namespace

Result<void> GgufReader::need(std::uint64_t count, std::string_view field) const {
  if (count > bytes_.remaining()) {
    return refuse(
        field, fmt::format("needs {} bytes, the file ends after {} (truncated or damaged)", count,
                           bytes_.remaining()));
  }
  if (!(CheckedSize(bytes_.position()) + CheckedSize(count)).at_most(k_largest_header)) {
    return refuse(field, fmt::format("the header grows over {} bytes", k_largest_header));
  }
  return {};
}

Result<std::string> GgufReader::text(std::string_view field, std::uint64_t limit) {
  const auto length = number<std::uint64_t>(field);
  if (!length) return pass_on(length);
  if (*length > limit) {
    return refuse(field, fmt::format("{} bytes long (at most {})", *length, limit));
  }
  if (auto enough = need(*length, field); !enough) return pass_on(enough);
  std::string content(static_cast<std::size_t>(*length), '\0');
  if (auto read = bytes_.read(std::as_writable_bytes(std::span(content))); !read) {
    return pass_on(read);
  }
  return content;
}

Result<GgufFile> GgufReader::read() {
  if (auto read = read_magic(); !read) return pass_on(read);
  if (auto read = read_version(); !read) return pass_on(read);
  const auto tensors = number<std::uint64_t>("tensor count");
  if (!tensors) return pass_on(tensors);
  const auto keys = number<std::uint64_t>("key count");
  if (!keys) return pass_on(keys);
  if (*keys > k_most_keys || *keys > bytes_.remaining() / k_smallest_key) {
    return refuse("key count", fmt::format("{} (at most {}, and {} bytes follow)", *keys,
                                           k_most_keys, bytes_.remaining()));
  }
  if (*tensors > k_most_tensors || *tensors > bytes_.remaining() / k_smallest_tensor) {
    return refuse("tensor count", fmt::format("{} (at most {}, and {} bytes follow)", *tensors,
                                              k_most_tensors, bytes_.remaining()));
  }
  if (auto read = read_metadata(*keys); !read) return pass_on(read);
  if (auto read = read_alignment(); !read) return pass_on(read);
  if (auto read = read_tensor_list(*tensors); !read) return pass_on(read);
  if (auto checked = check_tensor_places(); !checked) return pass_on(checked);
  return std::move(gguf_);
}

Result<void> GgufReader::read_magic() {
  std::array<char, 32> start{};
  const auto length =
      static_cast<std::size_t>(std::min<std::uint64_t>(start.size(), gguf_.file().size().value));
  if (auto read = gguf_.file().read_at(0, std::as_writable_bytes(std::span(start).first(length)));
      !read) {
    return read;
  }
  const std::string_view found(start.data(), length);
  if (found.empty()) return refuse("magic", "the file is empty (expected GGUF)");
  for (const Lookalike& other : k_lookalikes) {
    if (found.starts_with(other.start)) return refuse("magic", other.name);
  }
  if (!found.starts_with("GGUF")) {
    return refuse("magic", fmt::format("'{}' (expected 'GGUF')", printable(found.substr(0, 4))));
  }
  const auto magic = number<std::uint32_t>("magic");
  if (!magic) return pass_on(magic);
  return {};
}

Result<void> GgufReader::read_version() {
  const auto version = number<std::uint32_t>("version");
  if (!version) return pass_on(version);
  if (*version == 2 || *version == 3) {
    gguf_.version_ = *version;
    return {};
  }
  if (*version != 0 && (*version & 0xFFFFU) == 0) {
    return refuse("version",
                  fmt::format("{:#010x}: a big-endian file (expected little-endian)", *version));
  }
  if (*version == 1) return refuse("version", "1: older than version 2 (expected 2 or 3)");
  return refuse("version", fmt::format("{} (expected 2 or 3)", *version));
}

Result<void> GgufReader::read_metadata(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (auto read = read_key(i); !read) return read;
  }
  return {};
}

Result<void> GgufReader::read_key(std::uint64_t index) {
  const std::string place = fmt::format("key {}", index);
  auto key = text(place, k_longest_key);
  if (!key) return pass_on(key);
  if (key->empty()) return refuse(place, "empty (expected a name)");
  for (const char letter : *key) {
    if (letter < 0x21 || letter > 0x7E) {
      return refuse(place, fmt::format("'{}' (expected printable ASCII)", printable(*key)));
    }
  }
  if (gguf_.has(*key)) return refuse(*key, "given twice");
  const auto type = number<std::uint32_t>(*key);
  if (!type) return pass_on(type);
  auto value = read_value(*key, static_cast<GgufType>(*type));
  if (!value) return pass_on(value);
  gguf_.keys_.push_back(*key);
  gguf_.values_.emplace(std::move(*key), std::move(*value));
  return {};
}

Result<GgufValue> GgufReader::read_value(const std::string& field, GgufType type) {
  switch (type) {
    case GgufType::u8:
      return kept_as<std::uint8_t, std::uint64_t>(type, number<std::uint8_t>(field));
    case GgufType::i8:
      return kept_as<std::int8_t, std::int64_t>(type, number<std::int8_t>(field));
    case GgufType::u16:
      return kept_as<std::uint16_t, std::uint64_t>(type, number<std::uint16_t>(field));
    case GgufType::i16:
      return kept_as<std::int16_t, std::int64_t>(type, number<std::int16_t>(field));
    case GgufType::u32:
      return kept_as<std::uint32_t, std::uint64_t>(type, number<std::uint32_t>(field));
    case GgufType::i32:
      return kept_as<std::int32_t, std::int64_t>(type, number<std::int32_t>(field));
    case GgufType::u64:
      return kept_as<std::uint64_t, std::uint64_t>(type, number<std::uint64_t>(field));
    case GgufType::i64:
      return kept_as<std::int64_t, std::int64_t>(type, number<std::int64_t>(field));
    case GgufType::f32:
      return kept_as<float, double>(type, number<float>(field));
    case GgufType::f64:
      return kept_as<double, double>(type, number<double>(field));
    case GgufType::boolean: {
      const auto byte = number<std::uint8_t>(field);
      if (!byte) return pass_on(byte);
      if (*byte > 1) return refuse(field, fmt::format("bool {} (expected 0 or 1)", *byte));
      return GgufValue{type, *byte == 1};
    }
    case GgufType::string: {
      auto content = text(field, k_longest_text);
      if (!content) return pass_on(content);
      return GgufValue{type, std::move(*content)};
    }
    case GgufType::array: {
      auto array = read_array(field);
      if (!array) return pass_on(array);
      return GgufValue{type, std::move(*array)};
    }
  }
  return refuse(field,
                fmt::format("value type {} (expected 0 to 12)", static_cast<std::uint32_t>(type)));
}

Result<GgufArray> GgufReader::read_array(const std::string& field) {
  const auto element = number<std::uint32_t>(field);
  if (!element) return pass_on(element);
  const auto count = number<std::uint64_t>(field);
  if (!count) return pass_on(count);
  GgufArray array;
  array.element_ = static_cast<GgufType>(*element);
  if (array.element_ == GgufType::array) return refuse(field, "an array of arrays");
  const std::uint64_t size = fixed_size(array.element_);
  if (size == 0 && array.element_ != GgufType::string) {
    return refuse(field, fmt::format("array of element type {} (expected 0 to 12)", *element));
  }
  if (*count > k_longest_array) {
    return refuse(field, fmt::format("array of {} elements (at most {})", *count, k_longest_array));
  }
  // At most 2^24 elements of 8 bytes: the product cannot wrap. A text takes 8 bytes for its length.
  const std::uint64_t least_bytes = *count * std::max<std::uint64_t>(size, size == 0 ? 8 : 0);
  if (auto enough = need(least_bytes, field); !enough) return pass_on(enough);
  array.count_ = static_cast<std::size_t>(*count);
  if (array.element_ == GgufType::string) {
    if (auto read = read_array_texts(field, *count, array); !read) return pass_on(read);
    return array;
  }
  array.bytes_.resize(static_cast<std::size_t>(least_bytes));
  if (auto read = bytes_.read(std::as_writable_bytes(std::span(array.bytes_))); !read) {
    return pass_on(read);
  }
  return array;
}

Result<void> GgufReader::read_array_texts(const std::string& field, std::uint64_t count,
                                          GgufArray& array) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto length = number<std::uint64_t>(field);
    if (!length) return pass_on(length);
    if (*length > k_longest_text) {
      return refuse(field, fmt::format("element {} is {} bytes long (at most {})", i, *length,
                                       k_longest_text));
    }
    if (auto enough = need(*length, field); !enough) return enough;
    const std::size_t begin = array.bytes_.size();
    array.bytes_.resize(begin + static_cast<std::size_t>(*length));
    if (auto read = bytes_.read(std::as_writable_bytes(std::span(array.bytes_).subspan(begin)));
        !read) {
      return read;
    }
    // The header's limit keeps the sum of all texts below 2^32.
    array.ends_.push_back(static_cast<std::uint32_t>(array.bytes_.size()));
  }
  array.bytes_.shrink_to_fit();
  array.ends_.shrink_to_fit();
  return {};
}

Result<void> GgufReader::read_alignment() {
  constexpr std::string_view k_key = "general.alignment";
  const auto found = gguf_.values_.find(k_key);
  if (found == gguf_.values_.end()) return {};
  if (found->second.type != GgufType::u32) {
    return gguf_.wrong_type(k_key, found->second, "u32");
  }
  alignment_ = std::get<std::uint64_t>(found->second.value);
  if (!std::has_single_bit(alignment_) || alignment_ > k_largest_alignment) {
    return refuse(k_key, fmt::format("{} (expected a power of two, at most {})", alignment_,
                                     k_largest_alignment));
  }
  return {};
}

}  // namespace assay
