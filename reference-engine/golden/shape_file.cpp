#include "reference-engine/golden/shape_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <functional>
#include <stdexcept>

#include "reference-engine/golden/numpy_random.hpp"

namespace assay {
namespace {

void set_array(GgufBuilder& file, const std::string& key, const Json& values) {
  if (values.at(0).is_boolean()) {
    std::vector<std::uint8_t> flags;
    for (const Json& value : values) flags.push_back(value.get<bool>() ? 1 : 0);
    file.set_numbers<std::uint8_t>(key, GgufType::boolean, flags);
  } else {
    file.set_numbers<std::uint32_t>(key, GgufType::u32, values.get<std::vector<std::uint32_t>>());
  }
}

void set_key(GgufBuilder& file, const std::string& key, const Json& value) {
  if (value.is_array()) {
    set_array(file, key, value);
  } else if (value.is_string()) {
    file.set_text(key, value.get<std::string>());
  } else if (value.is_boolean()) {
    file.set_bool(key, value.get<bool>());
  } else if (value.is_number_float()) {
    file.set_f32(key, value.get<float>());
  } else {
    file.set_u32(key, value.get<std::uint32_t>());
  }
}

/// What a normally distributed number becomes, by the name that a shape file gives it.
std::function<double(double)> drawn_as(const std::string& values, double columns) {
  const double root = std::sqrt(columns);
  if (values == "matrix") return [root](double z) { return z / root; };
  if (values == "router") return [root](double z) { return z * 2 / root; };
  if (values == "norm") return [](double z) { return 1 + 0.2 * z; };
  if (values == "bias") return [](double z) { return 0.1 * z; };
  if (values == "sink") return [](double z) { return 10.0F * static_cast<float>(0.1 * z); };
  // Biases of the steps and rates of recurrent heads: memories from one token to some tens.
  if (values == "step") return [](double z) { return z - 1; };
  if (values == "rate") return [](double z) { return -(0.1 + 0.5 * (z * z)); };
  throw std::runtime_error("a shape file has no values called " + values);
}

/// `row` is [name, values, dims], or [name, list of numbers].
void add_tensor(GgufBuilder& file, const std::string& prefix, const Json& row,
                NumpyRandom& random) {
  const std::string name = prefix + row.at(0).get<std::string>();
  if (row.at(1).is_array()) {
    const auto values = row.at(1).get<std::vector<float>>();
    file.add_f32(name, {values.size()}, values);
    return;
  }
  const auto dims = row.at(2).get<std::vector<std::uint64_t>>();
  const auto draw = drawn_as(row.at(1).get<std::string>(), static_cast<double>(dims[0]));
  std::uint64_t count = 1;
  for (const std::uint64_t dim : dims) count *= dim;
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(draw(random.standard_normal()));
  file.add_f32(name, dims, values);
}

GgufBuilder build(const Json& shape) {
  GgufBuilder file;
  const auto architecture = shape.at("architecture").get<std::string>();
  file.set_text("general.architecture", architecture);
  file.set_text("general.name", shape.at("name").get<std::string>());
  for (const auto& [key, value] : shape.at("keys").items()) {
    set_key(file, architecture + "." + key, value);
  }
  NumpyRandom random(shape.at("seed").get<std::uint32_t>());
  for (const Json& row : shape.at("tensors")) add_tensor(file, "", row, random);
  std::uint32_t layer = 0;
  for (const Json& group : shape.at("layers")) {
    for (const auto end = layer + group.at("count").get<std::uint32_t>(); layer < end; ++layer) {
      const std::string prefix = "blk." + std::to_string(layer) + ".";
      for (const Json& row : group.at("tensors")) add_tensor(file, prefix, row, random);
    }
  }
  if (shape.contains("last_tensors")) {
    for (const Json& row : shape.at("last_tensors")) add_tensor(file, "", row, random);
  }
  return file;
}

}  // namespace

Result<GgufBuilder> model_of_shape(const Json& shape) {
  try {
    return build(shape);
  } catch (const std::exception& error) {  // of the JSON library, for a field that is missing
    return fail(ErrorCode::internal, fmt::format("no shape file: {}", error.what()));
  }
}

Result<void> add_vocabulary(GgufBuilder& file, const GgufFile& from) {
  const auto tokens = from.array("tokenizer.ggml.tokens", GgufType::string);
  if (!tokens) return pass_on(tokens);
  const auto scores = from.array("tokenizer.ggml.scores", GgufType::f32);
  if (!scores) return pass_on(scores);
  const auto types = from.array("tokenizer.ggml.token_type", GgufType::i32);
  if (!types) return pass_on(types);
  const auto kind = from.text("tokenizer.ggml.model");
  if (!kind) return pass_on(kind);
  std::vector<std::string> texts;
  std::vector<float> numbers;
  std::vector<std::int32_t> kinds;
  for (std::size_t i = 0; i < (*tokens)->size(); ++i) {
    texts.emplace_back((*tokens)->text(i));
    numbers.push_back((*scores)->number<float>(i));
    kinds.push_back((*types)->number<std::int32_t>(i));
  }
  file.set_text("tokenizer.ggml.model", std::string(*kind));
  file.set_texts("tokenizer.ggml.tokens", texts);
  file.set_numbers<float>("tokenizer.ggml.scores", GgufType::f32, numbers);
  file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32, kinds);
  file.set_u32("tokenizer.ggml.bos_token_id", 1);
  file.set_u32("tokenizer.ggml.eos_token_id", 2);
  file.set_u32("tokenizer.ggml.unknown_token_id", 0);
  file.set_bool("tokenizer.ggml.add_bos_token", true);
  file.set_bool("tokenizer.ggml.add_eos_token", false);
  file.set_bool("tokenizer.ggml.add_space_prefix", true);
  return {};
}

}  // namespace assay
