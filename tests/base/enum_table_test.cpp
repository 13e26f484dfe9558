#include "base/enum_table.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

enum class Color { red, green };
constexpr EnumTable<Color, 2> k_colors{{{{Color::red, "red"}, {Color::green, "green"}}}};

TEST(EnumTable, MapsEveryValueToItsNameAndBack) {
  for (const auto& row : k_colors.rows) {
    EXPECT_EQ(k_colors.value(k_colors.name(row.value)), row.value);
  }
}

TEST(EnumTable, HasNoValueForAnUnknownName) { EXPECT_FALSE(k_colors.value("blue")); }

}  // namespace
}  // namespace assay
