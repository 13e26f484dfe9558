#include "base/fact.hpp"

#include <gtest/gtest.h>

#include "base/fact_json.hpp"

namespace assay {
namespace {

TEST(Fact, IsUnknownUntilSomebodyLooked) {
  const Fact<int> fact;
  EXPECT_EQ(fact.state(), FactState::unknown);
  EXPECT_EQ(fact.reason(), "not probed");
}

TEST(Fact, KeepsItsSource) {
  const auto fact = Fact<int>::known(3, "/proc/x");
  EXPECT_EQ(fact.value(), 3);
  EXPECT_EQ(fact.source(), "/proc/x");
  EXPECT_EQ(fact.reason(), "");
}

/// The state, the value and the words of a fact must survive a document.
TEST(Fact, SurvivesADocument) {
  for (const auto& fact : {Fact<int>::known(3, "/proc/x"), Fact<int>::absent("no such limit"),
                           Fact<int>::unknown("needs root")}) {
    Json object = Json::object();
    DocumentNotes notes;
    put_fact(object, "/machine", "x", fact, notes);
    std::optional<int> value;
    if (!object["x"].is_null()) value = object["x"].get<int>();
    const auto again = fact_from<int>(value, "/machine/x", notes);
    EXPECT_EQ(again.state(), fact.state());
    EXPECT_EQ(again.optional(), fact.optional());
    EXPECT_EQ(again.source(), fact.source());
    EXPECT_EQ(again.reason(), fact.reason());
  }
}

}  // namespace
}  // namespace assay
