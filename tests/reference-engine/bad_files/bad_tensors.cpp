// The list of tensors, and the data behind it.
#include <fmt/format.h>

#include <limits>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/small_file.hpp"
#include "tests/reference-engine/seeded_models.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t k_q8_0 = 8;

GgufBuilder with_tensor(std::vector<std::uint64_t> dims, std::uint32_t format = 0) {
  GgufBuilder file = small();
  file.tensor("a").dims = std::move(dims);
  file.tensor("a").format = format;
  return file;
}

GgufBuilder with_offset(std::uint64_t offset) {
  GgufBuilder file = small();
  file.tensor("b").declared_offset = offset;
  return file;
}

std::string with_name_length(std::uint64_t length) {
  GgufBuilder file = small();
  file.tensor("a").declared_name_length = length;
  return file.build();
}

std::string with_dim_count(std::uint32_t count) {
  GgufBuilder file = small();
  file.tensor("a").declared_dims = count;
  return file.build();
}

}  // namespace

std::vector<BadFile> bad_tensor_infos() {
  return {BadFile{"name_2_64", [] { return with_name_length(k_most); }, "tensor 0: 1844"},
          BadFile{"name_past_end", [] { return with_name_length(60).substr(0, 100); },
                  "tensor 0: needs 60 bytes"},
          BadFile{"name_of_200",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("a").name = std::string(200, 'n');
                    return file.build();
                  },
                  "tensor 0: 200 bytes long (at most 64)"},
          BadFile{"empty_name",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("a").name.clear();
                    return file.build();
                  },
                  "tensor 0: empty name"},
          BadFile{"twice",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("b").name = file.tensor("a").name;
                    return file.build();
                  },
                  "tensor 'a': listed twice"},
          BadFile{"dims_0", [] { return with_dim_count(0); }, "tensor 'a': 0 dimensions"},
          BadFile{"dims_5", [] { return with_dim_count(5); }, "tensor 'a': 5 dimensions"},
          BadFile{"dims_64", [] { return with_dim_count(64); }, "tensor 'a': 64 dimensions"},
          BadFile{"dims_2_31", [] { return with_dim_count(1U << 31U); },
                  "tensor 'a': 2147483648 dimensions"},
          BadFile{"dims_most", [] { return with_dim_count(k_most_32); },
                  "tensor 'a': 4294967295 dimensions"},
          BadFile{"zero_first", [] { return with_tensor({0, 4}).build(); },
                  "tensor 'a': dimension 0 is 0"},
          BadFile{"zero_second", [] { return with_tensor({8, 0}).build(); },
                  "tensor 'a': dimension 1 is 0"},
          BadFile{"type_9999", [] { return with_tensor({8, 4}, 9999).build(); },
                  "tensor 'a': type 9999"},
          BadFile{"type_negative", [] { return with_tensor({8, 4}, k_most_32).build(); },
                  "tensor 'a': type 4294967295"},
          BadFile{"type_removed_4", [] { return with_tensor({32, 1}, 4).build(); },
                  "tensor 'a': type 4 is not a format (unknown, or removed from GGUF)"},
          BadFile{"type_removed_31", [] { return with_tensor({32, 1}, 31).build(); },
                  "tensor 'a': type 31"},
          BadFile{"block_of_q4_0", [] { return with_tensor({40, 1}, 2).build(); },
                  "tensor 'a': rows of 40 values (expected a multiple of 32, the block of Q4_0)"},
          BadFile{"block_of_q4_k", [] { return with_tensor({64, 1}, 12).build(); },
                  "tensor 'a': rows of 64 values (expected a multiple of 256, the block of Q4_K)"},
          BadFile{"cut_in_name",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("a").name = std::string(40, 'n');
                    return file.build().substr(0, 100);
                  },
                  "tensor 0: needs 40 bytes, the file ends after 23"},
          BadFile{"cut_in_dims", [] { return small().build().substr(0, 90); }, "tensor"},
          BadFile{"cut_in_offset", [] { return small().build().substr(0, 110); }, "tensor"}};
}

std::vector<BadFile> bad_tensor_sizes() {
  return {
      BadFile{"dim_minus_1", [] { return with_tensor({k_most, 4}).build(); },
              "need more bytes than the file has"},
      BadFile{"elements_wrap_to_0", [] { return with_tensor({k_2_to_32, k_2_to_32}).build(); },
              "need more bytes than the file has"},
      // 4 * (2^62 + 32) wraps to the 128 bytes that the file does hold.
      BadFile{"bytes_wrap_to_right", [] { return with_tensor({k_2_to_62 + 32}).build(); },
              "need more bytes than the file has"},
      BadFile{"bytes_wrap_to_right_2d",
              [] { return with_tensor({(k_2_to_62 + 32) / 8, 8}).build(); },
              "need more bytes than the file has"},
      BadFile{"bytes_wrap_to_right_4d",
              [] { return with_tensor({(k_2_to_62 + 32) / 32, 2, 4, 4}).build(); },
              "need more bytes than the file has"},
      // 4 * (2^62 - 1) = 2^64 - 4 bytes, which padding would make 0.
      BadFile{"padding_wraps_to_0", [] { return with_tensor({k_2_to_62 - 1}).build(); },
              "need more bytes than the file has"},
      BadFile{"sum_wraps",
              [] {
                GgufBuilder file = with_tensor({k_2_to_62 / 2});
                file.tensor("b").dims = {k_2_to_62 / 2};
                file.tensor("b").format = 0;
                return file.build();
              },
              "need more bytes than the file has"},
      BadFile{"q8_0_row_wraps", [] { return with_tensor({k_most / 32 * 32, 1}, k_q8_0).build(); },
              "need more bytes than the file has"},
      BadFile{"128_gb", [] { return with_tensor({k_2_to_32, 8}).build(); },
              "need more bytes than the file has"},
      BadFile{"one_row_too_many",
              [] {
                GgufBuilder file = small();
                file.tensor("b").dims = {64, 3};
                return file.build();
              },
              "tensor 'b': 204 bytes at offset 128 of the data end after the file"}};
}

std::vector<BadFile> bad_tensor_places() {
  return {
      BadFile{"offset_2_64", [] { return with_offset(k_most / 32 * 32).build(); },
              "tensor 'b': 136 bytes at offset 18446744073709551584"},
      BadFile{"offset_2_63", [] { return with_offset(k_2_to_63).build(); },
              "tensor 'b': 136 bytes at offset 9223372036854775808"},
      // Wraps to an offset inside the header.
      BadFile{"offset_into_header", [] { return with_offset(k_most - 63).build(); },
              "tensor 'b': 136 bytes at offset"},
      BadFile{"offset_past_end", [] { return with_offset(4096).build(); },
              "tensor 'b': 136 bytes at offset 4096"},
      BadFile{"misaligned_1", [] { return with_offset(129).build(); },
              "tensor 'b': offset 129 (expected a multiple of the alignment 32)"},
      BadFile{"misaligned_4", [] { return with_offset(132).build(); }, "tensor 'b': offset 132"},
      BadFile{"overlap", [] { return with_offset(96).build(); }, "tensor 'b': overlaps tensor 'a'"},
      BadFile{"same_place", [] { return with_offset(0).build(); }, "overlaps tensor"},
      BadFile{"no_data",
              [] {
                const std::string whole = small().build();
                return whole.substr(0,
                                    whole.size() - 288);  // 128 + 136, padded to 32
              },
              "tensor 'a': 128 bytes at offset 0 of the data end after the file"},
      BadFile{"half_of_data",
              [] {
                const std::string whole = small().build();
                return whole.substr(0, whole.size() - 144);
              },
              "tensor 'b': 136 bytes"},
      BadFile{"last_row_missing",
              [] {
                const std::string whole = small().build();
                return whole.substr(0, whole.size() - 24 - 68);  // padding, one row
              },
              "tensor 'b': 136 bytes"}};
}

/// A whole model, cut at 16 places of its header and 32 of its data.
std::vector<BadFile> truncations() {
  std::vector<BadFile> files;
  for (std::size_t part = 2; part < 16; ++part) {
    files.push_back({fmt::format("header_{}", part),
                     [part] {
                       GgufBuilder header = seeded_model("qwen2");
                       header.declared_tensors = header.tensors.size();
                       header.tensors.clear();
                       const std::string keys = header.build();
                       return keys.substr(0, keys.size() * part / 16);
                     },
                     ": needs "});
  }
  for (std::size_t part = 2; part <= 32; ++part) {
    files.push_back({fmt::format("data_{}", part),
                     [part] {
                       const std::string whole = seeded_model("qwen2").build();
                       return whole.substr(0, whole.size() * part / 32 - 1);
                     },
                     "tensor '"});
  }
  return files;
}

}  // namespace assay
