// The list of tensors of a GGUF file: names, shapes, formats, and where each lies.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference-engine/gguf/checked_size.hpp"
#include "reference-engine/gguf/gguf_reader.hpp"
#include "reference-engine/gguf/limits.hpp"

namespace assay {

Result<void> GgufReader::read_tensor_list(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (auto read = read_tensor(i); !read) return read;
  }
  return {};
}

Result<void> GgufReader::read_tensor(std::uint64_t index) {
  const std::string place = fmt::format("tensor {}", index);
  GgufTensor tensor{};
  auto name = text(place, k_longest_tensor_name);
  if (!name) return pass_on(name);
  if (name->empty()) return refuse(place, "empty name");
  const std::string field = fmt::format("tensor '{}'", *name);
  if (gguf_.tensor_index_.contains(*name)) return refuse(field, "listed twice");
  const auto dims = number<std::uint32_t>(field);
  if (!dims) return pass_on(dims);
  if (*dims == 0 || *dims > k_most_dims) {
    return refuse(field, fmt::format("{} dimensions (expected 1 to {})", *dims, k_most_dims));
  }
  for (std::uint32_t i = 0; i < *dims; ++i) {
    const auto dim = number<std::uint64_t>(field);
    if (!dim) return pass_on(dim);
    if (*dim == 0) return refuse(field, fmt::format("dimension {} is 0", i));
    tensor.dims.push_back(*dim);
  }
  const auto format = number<std::uint32_t>(field);
  if (!format) return pass_on(format);
  tensor.format = static_cast<WeightFormat>(*format);
  if (auto sized = read_tensor_size(field, tensor); !sized) return sized;
  const auto offset = number<std::uint64_t>(field);
  if (!offset) return pass_on(offset);
  tensor.offset = *offset;
  tensor.name = std::move(*name);
  gguf_.tensor_index_.emplace(tensor.name, gguf_.tensors_.size());
  gguf_.tensors_.push_back(std::move(tensor));
  return {};
}

Result<void> GgufReader::read_tensor_size(const std::string& field, GgufTensor& tensor) {
  const auto shape = block_shape(tensor.format);
  if (!shape) {
    return refuse(field, fmt::format("type {} is not a format (unknown, or removed from GGUF)",
                                     static_cast<std::uint32_t>(tensor.format)));
  }
  if (tensor.dims[0] % shape->values != 0) {
    return refuse(field,
                  fmt::format("rows of {} values (expected a multiple of {}, the block of {})",
                              tensor.dims[0], shape->values, shape->name));
  }
  CheckedSize bytes = CheckedSize(tensor.dims[0] / shape->values) * CheckedSize(shape->bytes);
  for (std::size_t i = 1; i < tensor.dims.size(); ++i) bytes = bytes * CheckedSize(tensor.dims[i]);
  const std::uint64_t file_size = gguf_.file().size().value;
  if (!bytes.at_most(file_size)) {
    return refuse(field, fmt::format("[{}] values of {} need more bytes than the file has ({})",
                                     fmt::join(tensor.dims, ", "), shape->name, file_size));
  }
  tensor.bytes = *bytes.value();
  return {};
}

Result<void> GgufReader::check_tensor_places() {
  if (gguf_.tensors_.empty()) return {};
  const std::uint64_t file_size = gguf_.file().size().value;
  const CheckedSize data_begin = CheckedSize(bytes_.position()).aligned_to(alignment_);
  for (GgufTensor& tensor : gguf_.tensors_) {
    const std::string field = fmt::format("tensor '{}'", tensor.name);
    if (tensor.offset % alignment_ != 0) {
      return refuse(field, fmt::format("offset {} (expected a multiple of the alignment {})",
                                       tensor.offset, alignment_));
    }
    const CheckedSize begin = data_begin + CheckedSize(tensor.offset);
    if (!(begin + CheckedSize(tensor.bytes)).at_most(file_size)) {
      return refuse(field, fmt::format("{} bytes at offset {} of the data end after the file does "
                                       "({} bytes): truncated or damaged",
                                       tensor.bytes, tensor.offset, file_size));
    }
    tensor.offset = *begin.value();
  }
  return check_tensor_overlaps();
}

Result<void> GgufReader::check_tensor_overlaps() {
  std::vector<const GgufTensor*> by_offset;
  for (const GgufTensor& tensor : gguf_.tensors_) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor& before = *by_offset[i - 1];
    if (before.offset + before.bytes > by_offset[i]->offset) {  // both lie inside the file
      return refuse(fmt::format("tensor '{}'", by_offset[i]->name),
                    fmt::format("overlaps tensor '{}'", before.name));
    }
  }
  return {};
}

}  // namespace assay
