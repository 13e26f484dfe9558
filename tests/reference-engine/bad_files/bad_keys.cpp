// Keys, values, arrays and the alignment.
#include <limits>

#include "tests/reference-engine/bad_files/bad_files.hpp"
#include "tests/reference-engine/bad_files/small_file.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_32 = std::numeric_limits<std::uint32_t>::max();

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

template <typename Number>
std::string with_alignment(GgufType type, Number value) {
  return small().set("general.alignment", type, value).build();
}

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

}  // namespace

std::vector<BadFile> bad_keys() {
  return {BadFile{"length_2_64", [] { return with_key_length(k_most); }, "key 0: 1844"},
          BadFile{"length_2_63", [] { return with_key_length(k_2_to_63); }, "key 0: 9223"},
          BadFile{"length_1_gib", [] { return with_key_length(1U << 30U); }, "key 0: 1073741824"},
          BadFile{"length_2_32_and_3", [] { return with_key_length(k_2_to_32 + 3); },
                  "key 0: 4294967299 bytes long (at most 65535)"},
          BadFile{"length_past_end", [] { return with_key_length(1000); }, "key 0: needs 1000"},
          BadFile{"empty", [] { return with_key_length(0, ""); }, "key 0: empty"},
          BadFile{"nul", [] { return with_key_length(3, std::string("a\0b", 3)); },
                  "key 0: 'a\\x00b' (expected printable ASCII)"},
          BadFile{"twice",
                  [] {
                    GgufBuilder file = small();
                    file.keys.push_back(file.keys[0]);
                    return file.build();
                  },
                  "general.architecture: given twice"},
          BadFile{"cut", [] { return with_key_length(20, std::string(20, 'k')).substr(0, 42); },
                  "key 0: needs 20 bytes, the file ends after 10"},
          BadFile{"type_13", [] { return with_key(13, "x").build(); }, "k: value type 13"},
          BadFile{"type_256", [] { return with_key(256, "x").build(); }, "k: value type 256"},
          BadFile{"type_2_31", [] { return with_key(1U << 31U, "x").build(); },
                  "k: value type 2147483648"},
          BadFile{"type_most", [] { return with_key(k_most_32, "x").build(); },
                  "k: value type 4294967295"},
          BadFile{"bool_2", [] { return with_key(7, "\2").build(); }, "k: bool 2"},
          BadFile{"text_2_64", [] { return with_key(8, text(k_most)).build(); }, "k: 1844"},
          BadFile{"text_2_63", [] { return with_key(8, text(k_2_to_63)).build(); }, "k: 9223"},
          BadFile{"text_2_46", [] { return with_key(8, text(k_2_to_32 << 14U)).build(); },
                  "k: 70368744177664 bytes long"},
          BadFile{"text_1_gib", [] { return with_key(8, text(1U << 30U)).build(); },
                  "k: 1073741824 bytes long"},
          BadFile{"text_2_32_and_5", [] { return with_key(8, text(k_2_to_32 + 5)).build(); },
                  "k: 4294967301 bytes long"},
          BadFile{"text_past_end", [] { return with_key(8, text(100000)).build(); },
                  "k: needs 100000 bytes"}};
}

std::vector<BadFile> bad_arrays() {
  return {
      BadFile{"wraps_to_0", [] { return with_key(9, array(10, k_2_to_63)).build(); },
              "k: array of 9223372036854775808 elements"},
      BadFile{"wraps_to_4", [] { return with_key(9, array(4, k_2_to_62 + 1, "abcd")).build(); },
              "k: array of 4611686018427387905 elements"},
      BadFile{"minus_1", [] { return with_key(9, array(4, k_most)).build(); },
              "k: array of 18446744073709551615 elements"},
      BadFile{"1e9", [] { return with_key(9, array(0, 1000000000)).build(); },
              "k: array of 1000000000 elements"},
      BadFile{"2_32_and_2", [] { return with_key(9, array(4, k_2_to_32 + 2)).build(); },
              "k: array of 4294967298 elements"},
      BadFile{"past_end", [] { return with_key(9, array(4, 10000)).build(); },
              "k: needs 40000 bytes"},
      BadFile{"texts_past_end", [] { return with_key(9, array(8, 10000)).build(); },
              "k: needs 80000 bytes"},
      BadFile{"one_past_end",
              [] {
                GgufBuilder file;
                file.set_raw("k", GgufType::array, array(4, 3, "abcdefgh"));
                file.alignment = 1;
                return file.build();
              },
              "k: needs 12 bytes"},
      BadFile{"unknown_element", [] { return with_key(9, array(99, 1, "abcd")).build(); },
              "k: array of element type 99"},
      BadFile{"text_in_array", [] { return with_key(9, array(8, 1, text(k_2_to_63, ""))).build(); },
              "k: element 0 is 9223372036854775808 bytes long"},
      BadFile{"text_in_array_past_end",
              [] { return with_key(9, array(8, 1, text(99999, ""))).build(); },
              "k: needs 99999 bytes"},
      BadFile{"nested", [] { return with_key(9, array(9, 1, array(4, 1, "abcd"))).build(); },
              "k: an array of arrays"},
      BadFile{"nested_100000",
              [] {
                std::string value;
                for (int i = 0; i < 100000; ++i) value += array(9, 1);
                return with_key(9, value).build();
              },
              "k: an array of arrays"}};
}

std::vector<BadFile> bad_alignments() {
  return {
      BadFile{"0", [] { return with_alignment<std::uint32_t>(GgufType::u32, 0); },
              "general.alignment: 0 (expected a power of two"},
      BadFile{"3", [] { return with_alignment<std::uint32_t>(GgufType::u32, 3); },
              "general.alignment: 3"},
      BadFile{"2_30", [] { return with_alignment<std::uint32_t>(GgufType::u32, 1U << 30U); },
              "general.alignment: 1073741824"},
      BadFile{"2_31", [] { return with_alignment<std::uint32_t>(GgufType::u32, 1U << 31U); },
              "general.alignment: 2147483648"},
      BadFile{"most", [] { return with_alignment<std::uint32_t>(GgufType::u32, k_most_32); },
              "general.alignment: 4294967295"},
      BadFile{"i32", [] { return with_alignment<std::int32_t>(GgufType::i32, 32); },
              "general.alignment: i32 32 (expected u32)"},
      BadFile{"u64", [] { return with_alignment<std::uint64_t>(GgufType::u64, 32); },
              "general.alignment: u64 (expected u32)"},
      BadFile{"nan",
              [] { return with_alignment(GgufType::f32, std::numeric_limits<float>::quiet_NaN()); },
              "general.alignment: f32 (expected u32)"},
      BadFile{"text", [] { return small().set_text("general.alignment", "32").build(); },
              "general.alignment: string '32' (expected u32)"},
      BadFile{"256_laid_out_32", [] { return with_alignment<std::uint32_t>(GgufType::u32, 256); },
              "tensor 'b': offset 128 (expected a multiple of the alignment 256)"}};
}

}  // namespace assay
