#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "advisor/catalogue.hpp"
#include "tests/advisor/schema_check.hpp"

namespace assay {
namespace {

class CatalogueSchema : public ::testing::Test {
 protected:
  static bool accepts(const nlohmann::json& document) {
    return schema_accepts("schema/catalogue-1.schema.json", document);
  }

  /// A catalogue of one model that has the part.
  nlohmann::json one_with(const char* part) {
    nlohmann::json one = catalogue_;
    for (const nlohmann::json& model : catalogue_["models"]) {
      if (model.contains(part)) one["models"] = nlohmann::json::array({model});
    }
    return one;
  }

  nlohmann::json catalogue_ = embedded_json("models/catalogue.json");
};

TEST_F(CatalogueSchema, AcceptsTheBuiltinOne) { EXPECT_TRUE(accepts(catalogue_)); }

// What the schema refuses, the reader refuses too.
TEST_F(CatalogueSchema, RejectsWhatTheReaderRefuses) {
  struct Break {
    const char* part;  // of the model to break
    const char* pointer;
    nlohmann::json value;
  };
  const Break breaks[] = {
      {"id", "/schema", "assay.catalogue/2"},
      {"id", "/more", 1},
      {"id", "/models/0/layer", 2},
      {"id", "/models/0/layers", 0},
      {"id", "/models/0/layers", "28"},
      {"id", "/models/0/thinking", "often"},
      {"id", "/models/0/qk_norm", "some"},
      {"id", "/models/0/sources", nlohmann::json::array()},
      {"id", "/models/0/published_exact", "yes"},
      {"id", "/models/0/rope/bass", 10000},
      {"pattern", "/models/0/pattern", "FXF"},
      {"moe", "/models/0/moe/expert", 8},
      {"recurrence", "/models/0/recurrence/tap", 3},
      {"latent", "/models/0/latent/ranks", 3},
      {"shared_cache", "/models/0/shared_cache/layer", 3},
  };
  for (const auto& [part, pointer, value] : breaks) {
    nlohmann::json broken = one_with(part);
    ASSERT_TRUE(accepts(broken)) << part;
    broken[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_FALSE(accepts(broken)) << pointer;
    EXPECT_FALSE(parse_catalogue(broken.dump(), "c.json")) << pointer;
  }
}

TEST_F(CatalogueSchema, RejectsAModelWithoutAFieldThatTheReaderNeeds) {
  for (const char* field : {"id", "family", "uses", "thinking", "architecture", "layers", "d_model",
                            "heads", "vocabulary", "tied_embeddings", "qk_norm", "rope", "sources",
                            "published_exact", "inferred_fields"}) {
    nlohmann::json broken = one_with("id");
    broken["models"][0].erase(field);
    EXPECT_FALSE(accepts(broken)) << field;
    EXPECT_FALSE(parse_catalogue(broken.dump(), "c.json")) << field;
  }
}

}  // namespace
}  // namespace assay
