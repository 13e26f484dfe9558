#include "reference-engine/golden/gguf_builder.hpp"

#include <algorithm>
#include <stdexcept>

namespace assay {

GgufBuilder& GgufBuilder::set_raw(std::string name, GgufType type, std::string value) {
  Key key{std::move(name), static_cast<std::uint32_t>(type), std::move(value)};
  const auto old =
      std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key.name; });
  if (old == keys.end()) {
    keys.push_back(std::move(key));
  } else {
    *old = std::move(key);
  }
  return *this;
}

GgufBuilder& GgufBuilder::set_text(std::string name, std::string_view value) {
  return set_raw(std::move(name), GgufType::string, ByteString().text(value).str());
}

GgufBuilder& GgufBuilder::set_bool(std::string name, bool value) {
  return set<std::uint8_t>(std::move(name), GgufType::boolean, value ? 1 : 0);
}

GgufBuilder& GgufBuilder::set_texts(std::string name, std::span<const std::string> values) {
  ByteString bytes;
  bytes.number(static_cast<std::uint32_t>(GgufType::string)).number<std::uint64_t>(values.size());
  for (const std::string& value : values) bytes.text(value);
  return set_raw(std::move(name), GgufType::array, bytes.str());
}

GgufBuilder& GgufBuilder::remove(std::string_view name) {
  std::erase_if(keys, [&](const Key& key) { return key.name == name; });
  std::erase_if(tensors, [&](const Tensor& tensor) { return tensor.name == name; });
  return *this;
}

GgufBuilder& GgufBuilder::add_f32(std::string name, std::vector<std::uint64_t> dims,
                                  std::span<const float> values) {
  Tensor tensor;
  tensor.name = std::move(name);
  tensor.dims = std::move(dims);
  tensor.data.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  tensors.push_back(std::move(tensor));
  return *this;
}

GgufBuilder::Tensor& GgufBuilder::tensor(std::string_view name) {
  for (Tensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::out_of_range(std::string(name));
}

std::string GgufBuilder::build() const {
  ByteString head;
  head.raw(magic).number(version);
  head.number<std::uint64_t>(declared_tensors.value_or(tensors.size()));
  head.number<std::uint64_t>(declared_keys.value_or(keys.size()));
  for (const Key& key : keys) head.text(key.name).number(key.type).raw(key.value);
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors) {
    head.number<std::uint64_t>(tensor.declared_name_length.value_or(tensor.name.size()));
    head.raw(tensor.name);
    head.number<std::uint32_t>(
        tensor.declared_dims.value_or(static_cast<std::uint32_t>(tensor.dims.size())));
    for (const std::uint64_t dim : tensor.dims) head.number(dim);
    head.number(tensor.format).number<std::uint64_t>(tensor.declared_offset.value_or(offset));
    offset = (offset + tensor.data.size() + alignment - 1) / alignment * alignment;
  }
  head.pad_to(alignment);
  for (const Tensor& tensor : tensors) head.raw(tensor.data).pad_to(alignment);
  return head.str();
}

}  // namespace assay
