#include "reference-engine/golden.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "reference-engine/golden/shape_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/session.hpp"

namespace assay {

std::span<const EmbeddedFile> embedded_goldens();  // of the build

namespace {

constexpr std::string_view k_logits = ".logits.f32";
constexpr std::string_view k_vocabulary_of = "stories260K.gguf";  // of all of them

std::optional<std::string_view> content_of(const std::string& name) {
  for (const EmbeddedFile& file : embedded_goldens()) {
    if (file.name == name) return file.content;
  }
  return std::nullopt;
}

tl::unexpected<Error> missing(const std::string& what) {
  return fail(ErrorCode::internal, "is not part of this program", what);
}

Result<GgufFile> file_of(const std::string& name) {
  if (const auto file = content_of(name + ".gguf")) return GgufFile::read(std::string(*file), name);
  const auto text = content_of("shapes/" + name + ".json");
  const auto vocabulary = content_of(std::string(k_vocabulary_of));
  if (!text || !vocabulary) return missing(name);
  const auto shape = parse_json(*text, name);
  if (!shape) return pass_on(shape);
  auto model = model_of_shape(*shape);
  if (!model) return pass_on(model);
  const auto from = GgufFile::read(std::string(*vocabulary), std::string(k_vocabulary_of));
  if (!from) return pass_on(from);
  if (auto added = add_vocabulary(*model, *from); !added) return pass_on(added);
  return GgufFile::read(model->build(), name);
}

Result<std::vector<TokenId>> golden_tokens() {
  const auto text = content_of("manifest.json");
  if (!text) return missing("manifest.json");
  const auto manifest = parse_json(*text, "manifest.json");
  if (!manifest) return pass_on(manifest);
  const auto numbers = JsonFields(*manifest, "manifest.json").numbers("tokens");
  if (!numbers) return pass_on(numbers);
  std::vector<TokenId> tokens;
  for (const double number : *numbers) tokens.push_back(static_cast<TokenId>(number));
  return tokens;
}

/// NMSE of all logits, in passes of `chunk` tokens. Shape: exact [tokens, vocabulary], float32.
Result<double> distance(const Model& model, std::uint32_t chunk, std::span<const TokenId> tokens,
                        std::string_view exact, ThreadPool& pool) {
  const SessionShape shape{static_cast<std::uint32_t>(tokens.size()), CacheFormat::f32, chunk,
                           pool.size()};
  auto session = Session::open(model, shape, pool);
  if (!session) return pass_on(session);
  double error = 0.0;
  double size = 0.0;
  auto done = session->evaluate_all(tokens, [&](std::size_t index, std::span<const float> row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      float expected = 0.0F;
      const std::size_t at = (index * row.size() + i) * sizeof expected;
      std::memcpy(&expected, exact.data() + at, sizeof expected);
      const double difference = static_cast<double>(row[i]) - static_cast<double>(expected);
      error += difference * difference;
      size += static_cast<double>(expected) * static_cast<double>(expected);
    }
  });
  if (!done) return pass_on(done);
  return error / size;
}

/// What matrices of a format without codes allow.
double plain_bound(WeightFormat format, const FormatKernels* kernels) {
  switch (kernels == nullptr ? ActivationRounding::none : kernels->rounding) {
    case ActivationRounding::bf16:
      return k_golden_native;
    case ActivationRounding::f16:
      return k_golden_native_f16;
    case ActivationRounding::none:
      break;
  }
  const bool half = format == WeightFormat::f16 || format == WeightFormat::bf16;
  return half ? k_golden_half : k_golden_float32;
}

/// The format of most values of the matrices, and what it allows.
void describe(const Model& model, GoldenCheck& check) {
  std::map<WeightFormat, std::uint64_t> values;
  bool block = false;
  double plain = k_golden_float32;
  for (const PlannedTensor& tensor : model.plan().tensors) {
    values[tensor.format] += tensor.parameters();
    const FormatKernels* kernels = format_kernels(model.kernels(), tensor.format);
    block = block || (kernels != nullptr && kernels->takes_q8);
    plain = std::max(plain, plain_bound(tensor.format, kernels));
  }
  const auto most =
      std::max_element(values.begin(), values.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  check.format = format_name(most->first);
  const double int8 = model.spec().is_moe() ? k_golden_int8_experts : k_golden_int8;
  check.bound = block ? int8 : plain;
}

}  // namespace

std::vector<std::string> embedded_golden_names() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_goldens()) {
    if (file.name.ends_with(k_logits)) {
      names.emplace_back(file.name.substr(0, file.name.size() - k_logits.size()));
    }
  }
  return names;
}

Result<GoldenCheck> check_golden(const std::string& name, const KernelTable& kernels,
                                 ThreadPool& pool) {
  const auto exact = content_of(name + std::string(k_logits));
  if (!exact) return missing(name);
  const auto tokens = golden_tokens();
  if (!tokens) return pass_on(tokens);
  const auto file = file_of(name);
  if (!file) return pass_on(file);
  const auto model = load_model(*file, kernels, pool);
  if (!model) return pass_on(model);
  if (exact->size() != tokens->size() * model->spec().vocabulary * sizeof(float)) {
    return missing(name + std::string(k_logits));
  }
  GoldenCheck check;
  check.model = name;
  describe(*model, check);
  for (const std::uint32_t chunk : {512U, 1U}) {
    const auto nmse = distance(*model, chunk, *tokens, *exact, pool);
    if (!nmse) return pass_on(nmse);
    check.nmse = std::max(*nmse, check.nmse);
    if (!(*nmse <= check.bound)) {  // also what is not a number
      check.nmse = *nmse;
      break;
    }
  }
  return check;
}

}  // namespace assay
