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

  /// Models with windows or scaled ropes, whose logits are known far into a context.
  [[nodiscard]] static std::vector<std::string> long_names();
  [[nodiscard]] static std::vector<std::uint32_t> long_tokens();
  /// Positions whose logits are kept, ascending.
  [[nodiscard]] static std::vector<std::uint32_t> long_positions();
  /// Shape: [long_positions, vocabulary].
  [[nodiscard]] static std::vector<float> long_logits(std::string_view name);

 private:
  TemporaryDirectory made_;
};

}  // namespace assay
