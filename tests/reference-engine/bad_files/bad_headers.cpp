// Magic, version and counts.
#include <limits>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/small_file.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_32 = std::numeric_limits<std::uint32_t>::max();

std::string with_magic(const char* magic) {
  GgufBuilder file = small();
  file.magic = magic;
  return file.build();
}

std::string with_version(std::uint32_t version) {
  GgufBuilder file = small();
  file.version = version;
  return file.build();
}

std::string with_counts(std::optional<std::uint64_t> tensors, std::optional<std::uint64_t> keys) {
  GgufBuilder file = small();
  file.declared_tensors = tensors;
  file.declared_keys = keys;
  return file.build();
}

}  // namespace

std::vector<BadFile> bad_magics() {
  return {
      BadFile{"empty", [] { return std::string(); }, "magic: the file is empty"},
      BadFile{"one_byte", [] { return std::string("G"); }, "magic: 'G'"},
      BadFile{"magic_only", [] { return std::string("GGUF"); }, "version: needs 4 bytes"},
      BadFile{"html", [] { return std::string("<!DOCTYPE html><html>"); }, "an HTML page"},
      BadFile{"lfs", [] { return std::string("version https://git-lfs.github.com/spec/v1"); },
              "a git-lfs pointer"},
      BadFile{"zeros", [] { return std::string(64, '\0'); }, "magic: "},
      BadFile{"cut_version", [] { return small().build().substr(0, 6); }, "version: needs 4"},
      BadFile{"cut_tensor_count", [] { return small().build().substr(0, 12); },
              "tensor count: needs 8"},
      BadFile{"cut_key_count", [] { return small().build().substr(0, 20); }, "key count: needs 8"},
      BadFile{"wrong", [] { return with_magic("ABCD"); }, "magic: 'ABCD'"},
      BadFile{"lower_case", [] { return with_magic("gguf"); }, "magic: 'gguf'"},
      BadFile{"legacy", [] { return with_magic("tjgg"); }, "the GGJT format of before 2023"}};
}

std::vector<BadFile> bad_versions() {
  return {BadFile{"0", [] { return with_version(0); }, "version: 0 (expected 2 or 3)"},
          BadFile{"1", [] { return with_version(1); }, "version: 1: older than version 2"},
          BadFile{"4", [] { return with_version(4); }, "version: 4 (expected 2 or 3)"},
          BadFile{"255", [] { return with_version(255); }, "version: 255"},
          BadFile{"most", [] { return with_version(k_most_32); }, "version: 4294967295"},
          BadFile{"big_endian", [] { return with_version(0x03000000U); }, "a big-endian file"}};
}

std::vector<BadFile> bad_counts() {
  return {
      BadFile{"tensors_2_64", [] { return with_counts(k_most, {}); }, "tensor count: 1844"},
      BadFile{"tensors_2_63", [] { return with_counts(k_2_to_63, {}); }, "tensor count: 9223"},
      BadFile{"tensors_2_62", [] { return with_counts(k_2_to_62, {}); }, "tensor count: 4611"},
      BadFile{"tensors_5e8", [] { return with_counts(500000000, {}); }, "tensor count: 5000"},
      BadFile{"tensors_wrap_by_48", [] { return with_counts(k_most / 48 + 2, {}); },
              "tensor count: 3843"},
      BadFile{"tensors_2_32", [] { return with_counts(k_2_to_32, {}); }, "tensor count: 4294"},
      BadFile{"one_tensor_too_many", [] { return with_counts(3, {}); }, "tensor 2"},
      BadFile{"keys_2_64", [] { return with_counts({}, k_most); }, "key count: 1844"},
      BadFile{"keys_2_63", [] { return with_counts({}, k_2_to_63); }, "key count: 9223"},
      BadFile{"keys_2_62", [] { return with_counts({}, k_2_to_62); }, "key count: 4611"},
      BadFile{"keys_5e8", [] { return with_counts({}, 500000000); }, "key count: 5000"},
      BadFile{"keys_wrap_by_48", [] { return with_counts({}, k_most / 48 + 2); },
              "key count: 3843"},
      BadFile{"keys_2_32", [] { return with_counts({}, k_2_to_32); }, "key count: 4294"},
      BadFile{"one_key_too_many", [] { return with_counts({}, 2); }, "bad.gguf: "},
      BadFile{"24_bytes_of_tensors", [] { return with_counts(10, 0).substr(0, 24); },
              "tensor count: 10"},
      BadFile{"24_bytes_of_keys", [] { return with_counts(0, 10).substr(0, 24); }, "key count: 10"},
      BadFile{"200000_keys",
              [] {
                GgufBuilder file;
                for (int i = 0; i < 200000; ++i) {
                  file.keys.push_back({std::to_string(i), 7, std::string(1, '\1')});
                }
                return file.build();
              },
              "key count: 200000 (at most 65536"}};
}

}  // namespace assay
