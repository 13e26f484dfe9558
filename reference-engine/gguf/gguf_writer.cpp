#include "reference-engine/gguf/gguf_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "base/text.hpp"
#include "reference-engine/gguf/checked_size.hpp"
#include "reference-engine/gguf/limits.hpp"

namespace assay {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are copied as they lie");

constexpr std::string_view k_alignment_key = "general.alignment";

tl::unexpected<Error> refuse(std::string_view field, std::string found) {
  return fail(ErrorCode::refused_input, std::move(found),
              fmt::format("cannot be written: {}", printable(field)));
}

class HeaderBytes {
 public:
  template <typename Number>
  void number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void text(std::string_view content) {
    number<std::uint64_t>(content.size());
    bytes_.append(content);
  }
  void raw(std::string_view content) { bytes_.append(content); }
  void pad_to(std::uint64_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

void write_array(HeaderBytes& bytes, const GgufArray& array) {
  bytes.number(static_cast<std::uint32_t>(array.element()));
  bytes.number<std::uint64_t>(array.size());
  bytes.raw(array.numbers());
  if (array.element() != GgufType::string) return;
  for (std::size_t i = 0; i < array.size(); ++i) bytes.text(array.text(i));
}

/// Requires the alternative that the reader gives a value of this type.
void write_value(HeaderBytes& bytes, const GgufValue& value) {
  bytes.number(static_cast<std::uint32_t>(value.type));
  const auto as_unsigned = [&] { return std::get<std::uint64_t>(value.value); };
  const auto as_signed = [&] { return std::get<std::int64_t>(value.value); };
  switch (value.type) {
    case GgufType::u8:
      return bytes.number(static_cast<std::uint8_t>(as_unsigned()));
    case GgufType::i8:
      return bytes.number(static_cast<std::int8_t>(as_signed()));
    case GgufType::u16:
      return bytes.number(static_cast<std::uint16_t>(as_unsigned()));
    case GgufType::i16:
      return bytes.number(static_cast<std::int16_t>(as_signed()));
    case GgufType::u32:
      return bytes.number(static_cast<std::uint32_t>(as_unsigned()));
    case GgufType::i32:
      return bytes.number(static_cast<std::int32_t>(as_signed()));
    case GgufType::u64:
      return bytes.number(as_unsigned());
    case GgufType::i64:
      return bytes.number(as_signed());
    case GgufType::f32:
      return bytes.number(static_cast<float>(std::get<double>(value.value)));
    case GgufType::f64:
      return bytes.number(std::get<double>(value.value));
    case GgufType::boolean:
      return bytes.number<std::uint8_t>(std::get<bool>(value.value) ? 1 : 0);
    case GgufType::string:
      return bytes.text(std::get<std::string>(value.value));
    case GgufType::array:
      return write_array(bytes, std::get<GgufArray>(value.value));
  }
}

Result<void> check_keys(const GgufContent& content) {
  if (content.keys.size() > k_most_keys) {
    return refuse("keys", fmt::format("{} (at most {})", content.keys.size(), k_most_keys));
  }
  std::unordered_set<std::string_view> names;
  for (const GgufContent::Key& key : content.keys) {
    const auto is_visible = [](char letter) { return letter >= 0x21 && letter <= 0x7E; };
    if (key.name.empty() || key.name.size() > k_longest_key ||
        !std::all_of(key.name.begin(), key.name.end(), is_visible)) {
      return refuse(key.name, fmt::format("a key of {} bytes (expected 1 to {} of printable ASCII)",
                                          key.name.size(), k_longest_key));
    }
    if (!names.insert(key.name).second) return refuse(key.name, "given twice");
    const auto* text = std::get_if<std::string>(&key.value.value);
    if (text != nullptr && text->size() > k_longest_text) {
      return refuse(key.name, fmt::format("{} bytes (at most {})", text->size(), k_longest_text));
    }
    const auto* array = std::get_if<GgufArray>(&key.value.value);
    if (array != nullptr && array->size() > k_longest_array) {
      return refuse(key.name,
                    fmt::format("{} elements (at most {})", array->size(), k_longest_array));
    }
  }
  const std::uint64_t alignment = content.alignment();
  if (!std::has_single_bit(alignment) || alignment > k_largest_alignment) {
    return refuse(k_alignment_key, fmt::format("{} (expected a power of two, at most {})",
                                               alignment, k_largest_alignment));
  }
  return {};
}

/// Fills the bytes of each tensor and its offset from the start of the data.
Result<void> place_tensors(GgufContent& content) {
  if (content.tensors.size() > k_most_tensors) {
    return refuse("tensors",
                  fmt::format("{} (at most {})", content.tensors.size(), k_most_tensors));
  }
  std::unordered_set<std::string_view> names;
  CheckedSize end(0);
  for (GgufTensor& tensor : content.tensors) {
    const auto shape = block_shape(tensor.format);
    if (tensor.name.empty() || tensor.name.size() > k_longest_tensor_name) {
      return refuse(tensor.name, fmt::format("a tensor's name of {} bytes (expected 1 to {})",
                                             tensor.name.size(), k_longest_tensor_name));
    }
    if (!names.insert(tensor.name).second) return refuse(tensor.name, "listed twice");
    if (tensor.dims.empty() || tensor.dims.size() > k_most_dims || !shape) {
      return refuse(tensor.name, "no tensor of a known format with 1 to 4 dimensions");
    }
    if (tensor.dims[0] % shape->values != 0) {
      return refuse(tensor.name, fmt::format("rows of {} values (expected a multiple of {})",
                                             tensor.dims[0], shape->values));
    }
    CheckedSize bytes = CheckedSize(tensor.dims[0] / shape->values) * CheckedSize(shape->bytes);
    for (std::size_t i = 1; i < tensor.dims.size(); ++i) {
      bytes = bytes * CheckedSize(tensor.dims[i]);
    }
    const CheckedSize begin = end;
    end = (begin + bytes).aligned_to(content.alignment());
    if (!bytes.at_most(INT64_MAX) || bytes.at_most(0) || !end.at_most(INT64_MAX)) {
      return refuse(tensor.name, "has no size that a file can have");
    }
    tensor.offset = *begin.value();
    tensor.bytes = *bytes.value();
  }
  return {};
}

}  // namespace

void GgufContent::set(std::string_view name, GgufValue value) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  if (found != keys.end()) {
    found->value = std::move(value);
  } else {
    keys.push_back({std::string(name), std::move(value)});
  }
}

std::uint64_t GgufContent::alignment() const {
  for (const Key& key : keys) {
    if (key.name != k_alignment_key) continue;
    const auto* number = std::get_if<std::uint64_t>(&key.value.value);
    return number != nullptr && key.value.type == GgufType::u32 ? *number : 0;
  }
  return k_usual_alignment;
}

Result<std::string> lay_out_gguf(GgufContent& content) {
  if (auto checked = check_keys(content); !checked) return pass_on(checked);
  if (auto placed = place_tensors(content); !placed) return pass_on(placed);
  HeaderBytes bytes;
  bytes.raw("GGUF");
  bytes.number<std::uint32_t>(3);
  bytes.number<std::uint64_t>(content.tensors.size());
  bytes.number<std::uint64_t>(content.keys.size());
  for (const GgufContent::Key& key : content.keys) {
    bytes.text(key.name);
    write_value(bytes, key.value);
  }
  for (const GgufTensor& tensor : content.tensors) {
    bytes.text(tensor.name);
    bytes.number(static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t dim : tensor.dims) bytes.number(dim);
    bytes.number(static_cast<std::uint32_t>(tensor.format));
    bytes.number(tensor.offset);
  }
  if (bytes.size() > k_largest_header) {
    return refuse("header", fmt::format("{} bytes (at most {})", bytes.size(), k_largest_header));
  }
  bytes.pad_to(content.alignment());
  for (GgufTensor& tensor : content.tensors) tensor.offset += bytes.size();
  return bytes.take();
}

}  // namespace assay
