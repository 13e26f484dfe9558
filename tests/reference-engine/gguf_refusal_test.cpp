// Malformed headers, one row each: what is wrong with the file, and the words that name it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "reference-engine/gguf_file.hpp"
#include "tests/reference-engine/gguf_builder.hpp"
#include "tests/temporary_directory.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_2_to_32 = std::uint64_t{1} << 32U;
constexpr std::uint64_t k_2_to_62 = std::uint64_t{1} << 62U;
constexpr std::uint64_t k_2_to_63 = std::uint64_t{1} << 63U;
constexpr std::uint64_t k_most = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t k_most_32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t k_q8_0 = 8;

/// A right file: one key, an F32 tensor of 4 x 8 values, a Q8_0 tensor of 2 rows of 64.
GgufBuilder small() {
  GgufBuilder file;
  file.set_text("general.architecture", "llama");
  file.add_f32("a", {8, 4}, std::vector<float>(32));
  GgufBuilder::Tensor b;
  b.name = "b";
  b.dims = {64, 2};
  b.format = k_q8_0;
  b.data.resize(136);
  file.tensors.push_back(b);
  return file;
}

GgufBuilder with_key(std::uint32_t type, const std::string& value) {
  GgufBuilder file = small();
  file.set_raw("k", static_cast<GgufType>(type), value);
  return file;
}

/// An array value that declares `count` elements of `element` and holds `content`.
std::string array(std::uint32_t element, std::uint64_t count, const std::string& content = {}) {
  return ByteString().number(element).number(count).raw(content).str();
}

/// A text that declares another length.
std::string text(std::uint64_t length, const std::string& content = "hello") {
  return ByteString().number(length).raw(content).str();
}

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

template <typename Number>
std::string with_alignment(GgufType type, Number value) {
  return small().set("general.alignment", type, value).build();
}

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

struct Malformed {
  const char* name;
  std::string (*make)();
  const char* message;
};

std::ostream& operator<<(std::ostream& stream, const Malformed& row) { return stream << row.name; }

class MalformedHeader : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedHeader, IsRefusedByName) {
  const TemporaryDirectory directory;
  const auto path = directory.write("bad.gguf", GetParam().make());
  const auto file = GgufFile::open(path);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::refused_input);
  EXPECT_THAT(file.error().text(), testing::StartsWith(path.string() + ": "));
  EXPECT_THAT(file.error().text(), testing::HasSubstr(GetParam().message));
}

std::string row_name(const testing::TestParamInfo<Malformed>& row) { return row.param.name; }

TEST(SmallFile, IsRight) {
  const TemporaryDirectory directory;
  const auto file = GgufFile::open(directory.write("small.gguf", small().build()));
  EXPECT_TRUE(file) << file.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Magic, MalformedHeader,
    testing::Values(
        Malformed{"empty", [] { return std::string(); }, "magic: the file is empty"},
        Malformed{"one_byte", [] { return std::string("G"); }, "magic: 'G'"},
        Malformed{"magic_only", [] { return std::string("GGUF"); }, "version: needs 4 bytes"},
        Malformed{"html", [] { return std::string("<!DOCTYPE html><html>"); }, "an HTML page"},
        Malformed{"lfs", [] { return std::string("version https://git-lfs.github.com/spec/v1"); },
                  "a git-lfs pointer"},
        Malformed{"zeros", [] { return std::string(64, '\0'); }, "magic: "},
        Malformed{"cut_version", [] { return small().build().substr(0, 6); }, "version: needs 4"},
        Malformed{"cut_tensor_count", [] { return small().build().substr(0, 12); },
                  "tensor count: needs 8"},
        Malformed{"cut_key_count", [] { return small().build().substr(0, 20); },
                  "key count: needs 8"},
        Malformed{"wrong", [] { return with_magic("ABCD"); }, "magic: 'ABCD'"},
        Malformed{"lower_case", [] { return with_magic("gguf"); }, "magic: 'gguf'"},
        Malformed{"legacy", [] { return with_magic("tjgg"); }, "the GGJT format of before 2023"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Version, MalformedHeader,
    testing::Values(
        Malformed{"0", [] { return with_version(0); }, "version: 0 (expected 2 or 3)"},
        Malformed{"1", [] { return with_version(1); }, "version: 1: older than version 2"},
        Malformed{"4", [] { return with_version(4); }, "version: 4 (expected 2 or 3)"},
        Malformed{"255", [] { return with_version(255); }, "version: 255"},
        Malformed{"most", [] { return with_version(k_most_32); }, "version: 4294967295"},
        Malformed{"big_endian", [] { return with_version(0x03000000U); }, "a big-endian file"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Counts, MalformedHeader,
    testing::Values(
        Malformed{"tensors_2_64", [] { return with_counts(k_most, {}); }, "tensor count: 1844"},
        Malformed{"tensors_2_63", [] { return with_counts(k_2_to_63, {}); }, "tensor count: 9223"},
        Malformed{"tensors_2_62", [] { return with_counts(k_2_to_62, {}); }, "tensor count: 4611"},
        Malformed{"tensors_5e8", [] { return with_counts(500000000, {}); }, "tensor count: 5000"},
        Malformed{"tensors_wrap_by_48", [] { return with_counts(k_most / 48 + 2, {}); },
                  "tensor count: 3843"},
        Malformed{"tensors_2_32", [] { return with_counts(k_2_to_32, {}); }, "tensor count: 4294"},
        Malformed{"one_tensor_too_many", [] { return with_counts(3, {}); }, "tensor 2"},
        Malformed{"keys_2_64", [] { return with_counts({}, k_most); }, "key count: 1844"},
        Malformed{"keys_2_63", [] { return with_counts({}, k_2_to_63); }, "key count: 9223"},
        Malformed{"keys_2_62", [] { return with_counts({}, k_2_to_62); }, "key count: 4611"},
        Malformed{"keys_5e8", [] { return with_counts({}, 500000000); }, "key count: 5000"},
        Malformed{"keys_wrap_by_48", [] { return with_counts({}, k_most / 48 + 2); },
                  "key count: 3843"},
        Malformed{"keys_2_32", [] { return with_counts({}, k_2_to_32); }, "key count: 4294"},
        Malformed{"one_key_too_many", [] { return with_counts({}, 2); }, "bad.gguf: "},
        Malformed{"24_bytes_of_tensors", [] { return with_counts(10, 0).substr(0, 24); },
                  "tensor count: 10"},
        Malformed{"24_bytes_of_keys", [] { return with_counts(0, 10).substr(0, 24); },
                  "key count: 10"},
        Malformed{"200000_keys",
                  [] {
                    GgufBuilder file;
                    for (int i = 0; i < 200000; ++i) {
                      file.keys.push_back({std::to_string(i), 7, std::string(1, '\1')});
                    }
                    return file.build();
                  },
                  "key count: 200000 (at most 65536"}),
    row_name);

/// A file whose only key declares another length.
std::string with_key_length(std::uint64_t length, const std::string& name = "key") {
  return ByteString()
      .raw("GGUF")
      .number<std::uint32_t>(3)
      .number<std::uint64_t>(0)
      .number<std::uint64_t>(1)
      .number(length)
      .raw(name)
      .number<std::uint32_t>(7)
      .raw(std::string(60, '\1'))
      .str();
}

INSTANTIATE_TEST_SUITE_P(
    Keys, MalformedHeader,
    testing::Values(
        Malformed{"length_2_64", [] { return with_key_length(k_most); }, "key 0: 1844"},
        Malformed{"length_2_63", [] { return with_key_length(k_2_to_63); }, "key 0: 9223"},
        Malformed{"length_1_gib", [] { return with_key_length(1U << 30U); }, "key 0: 1073741824"},
        Malformed{"length_2_32_and_3", [] { return with_key_length(k_2_to_32 + 3); },
                  "key 0: 4294967299 bytes long (at most 65535)"},
        Malformed{"length_past_end", [] { return with_key_length(1000); }, "key 0: needs 1000"},
        Malformed{"empty", [] { return with_key_length(0, ""); }, "key 0: empty"},
        Malformed{"nul", [] { return with_key_length(3, std::string("a\0b", 3)); },
                  "key 0: 'a\\x00b' (expected printable ASCII)"},
        Malformed{"twice",
                  [] {
                    GgufBuilder file = small();
                    file.keys.push_back(file.keys[0]);
                    return file.build();
                  },
                  "general.architecture: given twice"},
        Malformed{"cut", [] { return with_key_length(20, std::string(20, 'k')).substr(0, 42); },
                  "key 0: needs 20 bytes, the file ends after 10"},
        Malformed{"type_13", [] { return with_key(13, "x").build(); }, "k: value type 13"},
        Malformed{"type_256", [] { return with_key(256, "x").build(); }, "k: value type 256"},
        Malformed{"type_2_31", [] { return with_key(1U << 31U, "x").build(); },
                  "k: value type 2147483648"},
        Malformed{"type_most", [] { return with_key(k_most_32, "x").build(); },
                  "k: value type 4294967295"},
        Malformed{"bool_2", [] { return with_key(7, "\2").build(); }, "k: bool 2"},
        Malformed{"text_2_64", [] { return with_key(8, text(k_most)).build(); }, "k: 1844"},
        Malformed{"text_2_63", [] { return with_key(8, text(k_2_to_63)).build(); }, "k: 9223"},
        Malformed{"text_2_46", [] { return with_key(8, text(k_2_to_32 << 14U)).build(); },
                  "k: 70368744177664 bytes long"},
        Malformed{"text_1_gib", [] { return with_key(8, text(1U << 30U)).build(); },
                  "k: 1073741824 bytes long"},
        Malformed{"text_2_32_and_5", [] { return with_key(8, text(k_2_to_32 + 5)).build(); },
                  "k: 4294967301 bytes long"},
        Malformed{"text_past_end", [] { return with_key(8, text(100000)).build(); },
                  "k: needs 100000 bytes"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Arrays, MalformedHeader,
    testing::Values(
        Malformed{"wraps_to_0", [] { return with_key(9, array(10, k_2_to_63)).build(); },
                  "k: array of 9223372036854775808 elements"},
        Malformed{"wraps_to_4", [] { return with_key(9, array(4, k_2_to_62 + 1, "abcd")).build(); },
                  "k: array of 4611686018427387905 elements"},
        Malformed{"minus_1", [] { return with_key(9, array(4, k_most)).build(); },
                  "k: array of 18446744073709551615 elements"},
        Malformed{"1e9", [] { return with_key(9, array(0, 1000000000)).build(); },
                  "k: array of 1000000000 elements"},
        Malformed{"2_32_and_2", [] { return with_key(9, array(4, k_2_to_32 + 2)).build(); },
                  "k: array of 4294967298 elements"},
        Malformed{"past_end", [] { return with_key(9, array(4, 10000)).build(); },
                  "k: needs 40000 bytes"},
        Malformed{"texts_past_end", [] { return with_key(9, array(8, 10000)).build(); },
                  "k: needs 80000 bytes"},
        Malformed{"one_past_end",
                  [] {
                    GgufBuilder file;
                    file.set_raw("k", GgufType::array, array(4, 3, "abcdefgh"));
                    file.alignment = 1;
                    return file.build();
                  },
                  "k: needs 12 bytes"},
        Malformed{"unknown_element", [] { return with_key(9, array(99, 1, "abcd")).build(); },
                  "k: array of element type 99"},
        Malformed{"text_in_array",
                  [] { return with_key(9, array(8, 1, text(k_2_to_63, ""))).build(); },
                  "k: element 0 is 9223372036854775808 bytes long"},
        Malformed{"text_in_array_past_end",
                  [] { return with_key(9, array(8, 1, text(99999, ""))).build(); },
                  "k: needs 99999 bytes"},
        Malformed{"nested", [] { return with_key(9, array(9, 1, array(4, 1, "abcd"))).build(); },
                  "k: an array of arrays"},
        Malformed{"nested_100000",
                  [] {
                    std::string value;
                    for (int i = 0; i < 100000; ++i) value += array(9, 1);
                    return with_key(9, value).build();
                  },
                  "k: an array of arrays"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Alignment, MalformedHeader,
    testing::Values(
        Malformed{"0", [] { return with_alignment<std::uint32_t>(GgufType::u32, 0); },
                  "general.alignment: 0 (expected a power of two"},
        Malformed{"3", [] { return with_alignment<std::uint32_t>(GgufType::u32, 3); },
                  "general.alignment: 3"},
        Malformed{"2_30", [] { return with_alignment<std::uint32_t>(GgufType::u32, 1U << 30U); },
                  "general.alignment: 1073741824"},
        Malformed{"2_31", [] { return with_alignment<std::uint32_t>(GgufType::u32, 1U << 31U); },
                  "general.alignment: 2147483648"},
        Malformed{"most", [] { return with_alignment<std::uint32_t>(GgufType::u32, k_most_32); },
                  "general.alignment: 4294967295"},
        Malformed{"i32", [] { return with_alignment<std::int32_t>(GgufType::i32, 32); },
                  "general.alignment: i32 32 (expected u32)"},
        Malformed{"u64", [] { return with_alignment<std::uint64_t>(GgufType::u64, 32); },
                  "general.alignment: u64 (expected u32)"},
        Malformed{
            "nan",
            [] { return with_alignment(GgufType::f32, std::numeric_limits<float>::quiet_NaN()); },
            "general.alignment: f32 (expected u32)"},
        Malformed{"text", [] { return small().set_text("general.alignment", "32").build(); },
                  "general.alignment: string '32' (expected u32)"},
        Malformed{"256_laid_out_32",
                  [] { return with_alignment<std::uint32_t>(GgufType::u32, 256); },
                  "tensor 'b': offset 128 (expected a multiple of the alignment 256)"}),
    row_name);

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

INSTANTIATE_TEST_SUITE_P(
    TensorInfos, MalformedHeader,
    testing::Values(
        Malformed{"name_2_64", [] { return with_name_length(k_most); }, "tensor 0: 1844"},
        Malformed{"name_past_end", [] { return with_name_length(60).substr(0, 100); },
                  "tensor 0: needs 60 bytes"},
        Malformed{"name_of_200",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("a").name = std::string(200, 'n');
                    return file.build();
                  },
                  "tensor 0: 200 bytes long (at most 64)"},
        Malformed{"empty_name",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("a").name.clear();
                    return file.build();
                  },
                  "tensor 0: empty name"},
        Malformed{"twice",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("b").name = "a";
                    return file.build();
                  },
                  "tensor 'a': listed twice"},
        Malformed{"dims_0", [] { return with_dim_count(0); }, "tensor 'a': 0 dimensions"},
        Malformed{"dims_5", [] { return with_dim_count(5); }, "tensor 'a': 5 dimensions"},
        Malformed{"dims_64", [] { return with_dim_count(64); }, "tensor 'a': 64 dimensions"},
        Malformed{"dims_2_31", [] { return with_dim_count(1U << 31U); },
                  "tensor 'a': 2147483648 dimensions"},
        Malformed{"dims_most", [] { return with_dim_count(k_most_32); },
                  "tensor 'a': 4294967295 dimensions"},
        Malformed{"zero_first", [] { return with_tensor({0, 4}).build(); },
                  "tensor 'a': dimension 0 is 0"},
        Malformed{"zero_second", [] { return with_tensor({8, 0}).build(); },
                  "tensor 'a': dimension 1 is 0"},
        Malformed{"type_9999", [] { return with_tensor({8, 4}, 9999).build(); },
                  "tensor 'a': type 9999"},
        Malformed{"type_negative", [] { return with_tensor({8, 4}, k_most_32).build(); },
                  "tensor 'a': type 4294967295"},
        Malformed{"type_removed_4", [] { return with_tensor({32, 1}, 4).build(); },
                  "tensor 'a': type 4 is not a format (unknown, or removed from GGUF)"},
        Malformed{"type_removed_31", [] { return with_tensor({32, 1}, 31).build(); },
                  "tensor 'a': type 31"},
        Malformed{"block_of_q4_0", [] { return with_tensor({40, 1}, 2).build(); },
                  "tensor 'a': rows of 40 values (expected a multiple of 32, the block of Q4_0)"},
        Malformed{"block_of_q4_k", [] { return with_tensor({64, 1}, 12).build(); },
                  "tensor 'a': rows of 64 values (expected a multiple of 256, the block of Q4_K)"},
        Malformed{"cut_in_name",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("a").name = std::string(40, 'n');
                    return file.build().substr(0, 100);
                  },
                  "tensor 0: needs 40 bytes, the file ends after 23"},
        Malformed{"cut_in_dims", [] { return small().build().substr(0, 90); }, "tensor"},
        Malformed{"cut_in_offset", [] { return small().build().substr(0, 110); }, "tensor"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    TensorSizes, MalformedHeader,
    testing::Values(
        Malformed{"dim_minus_1", [] { return with_tensor({k_most, 4}).build(); },
                  "need more bytes than the file has"},
        Malformed{"elements_wrap_to_0", [] { return with_tensor({k_2_to_32, k_2_to_32}).build(); },
                  "need more bytes than the file has"},
        // 4 * (2^62 + 32) wraps to the 128 bytes that the file does hold.
        Malformed{"bytes_wrap_to_right", [] { return with_tensor({k_2_to_62 + 32}).build(); },
                  "need more bytes than the file has"},
        Malformed{"bytes_wrap_to_right_2d",
                  [] { return with_tensor({(k_2_to_62 + 32) / 8, 8}).build(); },
                  "need more bytes than the file has"},
        Malformed{"bytes_wrap_to_right_4d",
                  [] { return with_tensor({(k_2_to_62 + 32) / 32, 2, 4, 4}).build(); },
                  "need more bytes than the file has"},
        // 4 * (2^62 - 1) = 2^64 - 4 bytes, which padding would make 0.
        Malformed{"padding_wraps_to_0", [] { return with_tensor({k_2_to_62 - 1}).build(); },
                  "need more bytes than the file has"},
        Malformed{"sum_wraps",
                  [] {
                    GgufBuilder file = with_tensor({k_2_to_62 / 2});
                    file.tensor("b").dims = {k_2_to_62 / 2};
                    file.tensor("b").format = 0;
                    return file.build();
                  },
                  "need more bytes than the file has"},
        Malformed{"q8_0_row_wraps",
                  [] { return with_tensor({k_most / 32 * 32, 1}, k_q8_0).build(); },
                  "need more bytes than the file has"},
        Malformed{"128_gb", [] { return with_tensor({k_2_to_32, 8}).build(); },
                  "need more bytes than the file has"},
        Malformed{"one_row_too_many",
                  [] {
                    GgufBuilder file = small();
                    file.tensor("b").dims = {64, 3};
                    return file.build();
                  },
                  "tensor 'b': 204 bytes at offset 128 of the data end after the file"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    TensorPlaces, MalformedHeader,
    testing::Values(Malformed{"offset_2_64", [] { return with_offset(k_most / 32 * 32).build(); },
                              "tensor 'b': 136 bytes at offset 18446744073709551584"},
                    Malformed{"offset_2_63", [] { return with_offset(k_2_to_63).build(); },
                              "tensor 'b': 136 bytes at offset 9223372036854775808"},
                    // Wraps to an offset inside the header.
                    Malformed{"offset_into_header", [] { return with_offset(k_most - 63).build(); },
                              "tensor 'b': 136 bytes at offset"},
                    Malformed{"offset_past_end", [] { return with_offset(4096).build(); },
                              "tensor 'b': 136 bytes at offset 4096"},
                    Malformed{"misaligned_1", [] { return with_offset(129).build(); },
                              "tensor 'b': offset 129 (expected a multiple of the alignment 32)"},
                    Malformed{"misaligned_4", [] { return with_offset(132).build(); },
                              "tensor 'b': offset 132"},
                    Malformed{"overlap", [] { return with_offset(96).build(); },
                              "tensor 'b': overlaps tensor 'a'"},
                    Malformed{"same_place", [] { return with_offset(0).build(); },
                              "overlaps tensor"},
                    Malformed{"no_data",
                              [] {
                                const std::string whole = small().build();
                                return whole.substr(0,
                                                    whole.size() - 288);  // 128 + 136, padded to 32
                              },
                              "tensor 'a': 128 bytes at offset 0 of the data end after the file"},
                    Malformed{"half_of_data",
                              [] {
                                const std::string whole = small().build();
                                return whole.substr(0, whole.size() - 144);
                              },
                              "tensor 'b': 136 bytes"},
                    Malformed{"last_row_missing",
                              [] {
                                const std::string whole = small().build();
                                return whole.substr(0, whole.size() - 24 - 68);  // padding, one row
                              },
                              "tensor 'b': 136 bytes"}),
    row_name);

}  // namespace
}  // namespace assay
