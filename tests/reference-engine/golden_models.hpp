#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/temporary_directory.hpp"

namespace assay {

/// The models of tests/golden: files that lie there, and those that are made from a seed when asked
/// for.
class GoldenModels {
 public:
  /// "qwen3", "llama-wide-Q4_0"; requires a name of manifest.json.
  [[nodiscard]] std::filesystem::path file(std::string_view name) const;
  /// Shape: [tokens, vocabulary].
  [[nodiscard]] static std::vector<float> logits(std::string_view name);
  /// The tokens that the logits belong to.
  [[nodiscard]] static std::vector<std::uint32_t> tokens();
  /// Every model of manifest.json that is not marked "awaits_engine": those that the engine must
  /// run.
  [[nodiscard]] static std::vector<std::string> names();

 private:
  TemporaryDirectory made_;
};

}  // namespace assay
