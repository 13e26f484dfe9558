#include "tests/reference-engine/golden_models.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/json.hpp"
#include "tests/reference-engine/seeded_models.hpp"

namespace assay {
namespace {

std::filesystem::path golden_directory() {
  return std::filesystem::path(ASSAY_TEST_ROOT) / "golden";
}

Json manifest() {
  const auto document = read_json_file(golden_directory() / "manifest.json");
  if (!document) throw std::runtime_error(document.error().text());
  return *document;
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::string bytes = read_whole(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

std::filesystem::path GoldenModels::file(std::string_view name) const {
  const std::string file_name = std::string(name) + ".gguf";
  const std::filesystem::path kept = golden_directory() / file_name;
  if (std::filesystem::exists(kept)) return kept;
  const std::filesystem::path made = made_.path() / file_name;
  if (std::filesystem::exists(made)) return made;
  return made_.write(file_name, seeded_model(name).build());
}

std::vector<float> GoldenModels::logits(std::string_view name) {
  return read_floats(golden_directory() / (std::string(name) + ".logits.f32"));
}

std::vector<std::uint32_t> GoldenModels::tokens() {
  return manifest().at("tokens").get<std::vector<std::uint32_t>>();
}

std::vector<std::string> GoldenModels::names() {
  std::vector<std::string> names;
  const Json document = manifest();  // outlives the loop over a part of it
  for (const Json& model : document.at("models")) {
    if (!model.value("awaits_engine", false)) names.push_back(model.at("name"));
  }
  return names;
}

std::vector<std::string> GoldenModels::long_names() {
  return manifest().at("far_positions").at("models").get<std::vector<std::string>>();
}

std::vector<std::uint32_t> GoldenModels::long_tokens() {
  // The generator of the manifest's "far_positions": 512 tokens from the upper bits of its state.
  std::vector<std::uint32_t> tokens(long_positions().back() + 1);
  std::uint32_t state = 1;
  for (std::uint32_t& token : tokens) {
    state = (state * 1103515245U + 12345U) & 0x7FFFFFFFU;
    token = state >> 16U & 511U;
  }
  return tokens;
}

std::vector<std::uint32_t> GoldenModels::long_positions() {
  return manifest().at("far_positions").at("positions").get<std::vector<std::uint32_t>>();
}

std::vector<float> GoldenModels::long_logits(std::string_view name) {
  return read_floats(golden_directory() / "far_positions" / (std::string(name) + ".logits.f32"));
}

}  // namespace assay
