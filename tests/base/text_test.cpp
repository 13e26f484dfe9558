#include "base/text.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Printable, KeepsPlainAndUnicodeText) { EXPECT_EQ(printable("Zoë 模型"), "Zoë 模型"); }

TEST(Printable, ShowsControlsAndBrokenBytes) {
  EXPECT_EQ(printable("a\x1b[31m\n"), "a\\x1B[31m\\x0A");
  EXPECT_EQ(printable("\xff\xc0\xaf"), "\\xFF\\xC0\\xAF");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xC2\\x9B");           // C1 control
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xE2\\x80\\xAE");  // right-to-left override
  EXPECT_EQ(printable("\xe6\xa8"), "\\xE6\\xA8");           // cut in the middle
}

TEST(Printable, CutsLongText) { EXPECT_EQ(printable(std::string(500, 'a'), 10), "aaaaaaaaaa..."); }

TEST(NearestNames, FindsTypingErrorsAndParts) {
  const std::vector<std::string> names{"qwen3-4b", "qwen3-8b", "llama-3.2-1b", "phi-4"};
  EXPECT_EQ(nearest_names("qwen3-4", names).front(), "qwen3-4b");
  EXPECT_EQ(nearest_names("lama-3.2-1b", names).front(), "llama-3.2-1b");
  EXPECT_TRUE(nearest_names("something-else-altogether", names).empty());
  EXPECT_TRUE(nearest_names(std::string(100000, 'x'), names).empty());
}

TEST(HumanBytes, UsesDecimalUnits) {
  EXPECT_EQ(human_bytes(Bytes(0)), "0 B");
  EXPECT_EQ(human_bytes(Bytes(999)), "999 B");
  EXPECT_EQ(human_bytes(Bytes(1500)), "1.5 kB");
  EXPECT_EQ(human_bytes(Bytes(807690656)), "808 MB");
  EXPECT_EQ(human_bytes(Bytes(16000000000)), "16.0 GB");
}

TEST(ParseBytes, ReadsWhatPeopleType) {
  EXPECT_EQ(parse_bytes("123456"), Bytes(123456));
  EXPECT_EQ(parse_bytes("8G"), Bytes(8000000000));
  EXPECT_EQ(parse_bytes("8GB"), Bytes(8000000000));
  EXPECT_EQ(parse_bytes("8GiB"), gibibytes(8));
  EXPECT_EQ(parse_bytes("1.5g"), Bytes(1500000000));
  for (const auto* bad : {"", "G", "-1", "8X", "8GBB", "1e30", "nan", "99999999T", "8 G"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(trim(" \ta b\n"), "a b");
}

}  // namespace
}  // namespace assay
