#include "tests/reference-engine/golden_models.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

std::string fnv1a64(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
  return fmt::format("{:016x}", hash);
}

TEST(GoldenModels, SeededFilesAreThoseTheLogitsWereMadeFrom) {
  const GoldenModels models;
  const auto manifest =
      read_json_file(std::filesystem::path(ASSAY_TEST_ROOT) / "golden" / "manifest.json");
  ASSERT_TRUE(manifest) << manifest.error().text();
  std::size_t seeded = 0;
  for (const Json& model : manifest->at("models")) {
    if (!model.at("seeded").get<bool>()) continue;
    const auto name = model.at("name").get<std::string>();
    const auto content = read_file(models.file(name), mebibytes(16));
    ASSERT_TRUE(content) << content.error().text();
    EXPECT_EQ(fnv1a64(*content), model.at("fnv1a64").get<std::string>()) << name;
    ++seeded;
  }
  EXPECT_GE(seeded, 11U);
}

TEST(GoldenModels, HaveLogitsForEveryToken) {
  constexpr std::size_t k_vocabulary = 512;
  const std::size_t tokens = GoldenModels::tokens().size();
  for (const std::string& name : GoldenModels::names()) {
    EXPECT_EQ(GoldenModels::logits(name).size(), tokens * k_vocabulary) << name;
  }
}

}  // namespace
}  // namespace assay
