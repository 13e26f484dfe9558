#include "base/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace assay {
namespace {

TEST(ParseNumber, TakesTheWholeText) {
  EXPECT_EQ(parse_number<std::uint32_t>("42"), 42U);
  EXPECT_EQ(parse_number<double>("2.5"), 2.5);
}

TEST(ParseNumber, RefusesWhatIsNotOnlyANumber) {
  for (const char* text : {"", " 42", "42 ", "42k", "-1", "0x2a"}) {
    EXPECT_FALSE(parse_number<std::uint32_t>(text)) << text;
  }
}

TEST(ParseNumber, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(parse_number<std::uint16_t>("65536"));
  EXPECT_FALSE(parse_number<double>("1e999"));
}

TEST(ParseHexadecimal, TakesAPrefix) {
  EXPECT_EQ(parse_hexadecimal<std::uint16_t>("0x10de"), 0x10de);
  EXPECT_EQ(parse_hexadecimal<std::uint16_t>("10de"), 0x10de);
  EXPECT_FALSE(parse_hexadecimal<std::uint16_t>("0x"));
}

}  // namespace
}  // namespace assay
