#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// A value of GGUF metadata. Arrays hold one element type and are never nested.
struct GgufArray {
  std::variant<std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>,
               std::vector<bool>, std::vector<std::string>>
      values;
};
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> dims;  // 1 to 4, the row length first
  WeightFormat format;
  std::uint64_t offset;  // from the start of the file
  std::uint64_t bytes;
};

/// The checked header of a GGUF file, and the open file. Everything that is declared has been
/// compared with the file's size; no allocation follows a declared count.
class GgufFile {
 public:
  /// Errors: refused_input, `FILE: FIELD: what was found (what was expected)`.
  static Result<GgufFile> open(const std::filesystem::path& path);

  [[nodiscard]] const std::string& name() const { return file_.name(); }
  [[nodiscard]] const InputFile& file() const { return file_; }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return tensors_; }
  [[nodiscard]] const GgufTensor* tensor(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view key) const;

  /// Typed getters. Errors: refused_input that names the file and the key, for a missing key or
  /// another type.
  [[nodiscard]] Result<std::uint64_t> count(
      std::string_view key) const;                                  // any non-negative integer type
  [[nodiscard]] Result<double> number(std::string_view key) const;  // f32 or f64
  [[nodiscard]] Result<bool> flag(std::string_view key) const;
  [[nodiscard]] Result<std::string> text(std::string_view key) const;
  [[nodiscard]] Result<const GgufArray*> array(std::string_view key) const;
  [[nodiscard]] Result<std::uint64_t> count_or(std::string_view key, std::uint64_t fallback) const;
  [[nodiscard]] Result<double> number_or(std::string_view key, double fallback) const;
  [[nodiscard]] Result<std::string> text_or(std::string_view key, std::string fallback) const;
  [[nodiscard]] Result<bool> flag_or(std::string_view key, bool fallback) const;
  /// A refusal that names this file and `field`.
  [[nodiscard]] tl::unexpected<Error> refuse(std::string_view field,
                                             const std::string& found) const;

 private:
  friend class GgufReader;
  explicit GgufFile(InputFile file);
  InputFile file_;
  std::uint32_t version_ = 0;
  std::unordered_map<std::string, GgufValue> values_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string, std::size_t> tensor_index_;
};

/// The spec that a file's keys describe. Errors: refused_input for an unknown architecture (those
/// supported are named) and for each impossible size.
Result<ModelSpec> model_spec(const GgufFile& file);
/// The plan of the file's own tensors, each checked against the spec (present, right shape, allowed
/// format).
Result<TensorPlan> tensor_plan(const GgufFile& file, const ModelSpec& spec);

/// Architectures that model_spec() maps: what the engine runs.
std::vector<std::string> supported_architectures();

}  // namespace assay
