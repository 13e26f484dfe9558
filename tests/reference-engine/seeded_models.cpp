#include "tests/reference-engine/seeded_models.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/json.hpp"
#include "reference-engine/golden/numpy_random.hpp"
#include "reference-engine/golden/shape_file.hpp"

namespace assay {
namespace {

enum class SeededQkNorm { none, per_head, full };

/// The shape of one random model. The order of fields and tensors is part of it: the numbers are
/// drawn in that order.
struct SeededShape {
  std::string_view name;
  std::string_view architecture;
  std::uint32_t seed;
  std::uint32_t layers = 2;
  std::uint32_t d_model = 64;
  std::uint32_t heads = 4;
  std::uint32_t kv_heads = 2;
  std::uint32_t head_dim = 16;
  std::uint32_t d_ff = 128;
  float rope_base = 10000.0F;
  bool tied = false;
  bool bias = false;
  SeededQkNorm qk_norm = SeededQkNorm::none;
  std::uint32_t experts = 0;
  std::uint32_t used = 0;
  std::uint32_t d_expert = 0;
  bool rope_factors = false;
  std::string_view scaling = {};
};

constexpr std::uint32_t k_vocabulary = 512;

constexpr std::array<SeededShape, 11> k_shapes{{
    {.name = "llama-gqa", .architecture = "llama", .seed = 1},
    {.name = "llama-tied-ropefreqs",
     .architecture = "llama",
     .seed = 2,
     .rope_base = 500000.0F,
     .tied = true,
     .rope_factors = true},
    {.name = "llama-linear-rope", .architecture = "llama", .seed = 15, .scaling = "linear"},
    {.name = "llama-yarn-rope", .architecture = "llama", .seed = 16, .scaling = "yarn"},
    {.name = "mixtral",
     .architecture = "llama",
     .seed = 3,
     .experts = 4,
     .used = 2,
     .d_expert = 128},
    {.name = "qwen2",
     .architecture = "qwen2",
     .seed = 4,
     .rope_base = 1e6F,
     .tied = true,
     .bias = true},
    {.name = "olmoe",
     .architecture = "olmoe",
     .seed = 10,
     .kv_heads = 4,
     .d_ff = 64,
     .qk_norm = SeededQkNorm::full,
     .experts = 8,
     .used = 4,
     .d_expert = 64},
    {.name = "qwen3",
     .architecture = "qwen3",
     .seed = 20,
     .head_dim = 32,
     .rope_base = 1e6F,
     .tied = true,
     .qk_norm = SeededQkNorm::per_head},
    {.name = "qwen3moe",
     .architecture = "qwen3moe",
     .seed = 21,
     .head_dim = 32,
     .rope_base = 1e6F,
     .qk_norm = SeededQkNorm::per_head,
     .experts = 8,
     .used = 2,
     .d_expert = 64},
    {.name = "llama-wide",
     .architecture = "llama",
     .seed = 40,
     .d_model = 256,
     .head_dim = 64,
     .d_ff = 512},
    {.name = "olmoe-wide",
     .architecture = "olmoe",
     .seed = 41,
     .layers = 1,
     .d_model = 256,
     .kv_heads = 4,
     .head_dim = 64,
     .d_ff = 256,
     .qk_norm = SeededQkNorm::full,
     .experts = 4,
     .used = 2,
     .d_expert = 256},
}};

const SeededShape* seeded_shape(std::string_view name) {
  for (const SeededShape& shape : k_shapes) {
    if (shape.name == name) return &shape;
  }
  return nullptr;
}

void add_sizes(GgufBuilder& file, const SeededShape& shape) {
  const std::string prefix = std::string(shape.architecture) + ".";
  file.set_text("general.architecture", shape.architecture);
  file.set_text("general.name", shape.name);
  file.set_u32("general.alignment", 32);
  file.set_u32(prefix + "context_length", 512);
  file.set_u32(prefix + "embedding_length", shape.d_model);
  file.set_u32(prefix + "block_count", shape.layers);
  file.set_u32(prefix + "feed_forward_length", shape.d_ff);
  file.set_u32(prefix + "attention.head_count", shape.heads);
  file.set_u32(prefix + "attention.head_count_kv", shape.kv_heads);
  file.set_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5F);
  file.set_u32(prefix + "rope.dimension_count", shape.head_dim);
  file.set_f32(prefix + "rope.freq_base", shape.rope_base);
  file.set_u32(prefix + "attention.key_length", shape.head_dim);
  file.set_u32(prefix + "attention.value_length", shape.head_dim);
  file.set_u32(prefix + "vocab_size", k_vocabulary);
  if (shape.experts > 0) {
    file.set_u32(prefix + "expert_count", shape.experts);
    file.set_u32(prefix + "expert_used_count", shape.used);
    file.set_u32(prefix + "expert_feed_forward_length", shape.d_expert);
  }
  if (!shape.scaling.empty()) {
    file.set_text(prefix + "rope.scaling.type", shape.scaling);
    file.set_f32(prefix + "rope.scaling.factor", 4.0F);
    if (shape.scaling == "yarn") {
      file.set_u32(prefix + "rope.scaling.original_context_length", 128);
    }
  }
}

/// Draws the tensors of one model, in their order.
class SeededWeights {
 public:
  SeededWeights(GgufBuilder& file, const SeededShape& shape)
      : file_(&file), shape_(&shape), random_(shape.seed) {}

  void add_all() {
    matrix("token_embd.weight", {shape_->d_model, k_vocabulary});
    if (shape_->rope_factors) {
      constexpr std::array<float, 8> k_factors{1, 1, 1, 3, 3, 3, 8, 8};  // as llama 3 has them
      file_->add_f32("rope_freqs.weight", {k_factors.size()}, k_factors);
    }
    for (std::uint32_t layer = 0; layer < shape_->layers; ++layer) {
      prefix_ = "blk." + std::to_string(layer) + ".";
      add_attention();
      add_ffn();
    }
    prefix_.clear();
    norm("output_norm.weight", shape_->d_model);
    if (!shape_->tied) matrix("output.weight", {shape_->d_model, k_vocabulary});
  }

 private:
  void add_attention() {
    const std::uint64_t d_q = shape_->heads * shape_->head_dim;
    const std::uint64_t d_kv = shape_->kv_heads * shape_->head_dim;
    norm("attn_norm.weight", shape_->d_model);
    for (const std::string_view name : {"q", "k", "v"}) {
      const std::uint64_t rows = name == "q" ? d_q : d_kv;
      const std::string tensor = "attn_" + std::string(name);
      matrix(tensor + ".weight", {shape_->d_model, rows});
      if (shape_->bias) add(tensor + ".bias", {rows}, [](double z) { return 0.1 * z; });
    }
    matrix("attn_output.weight", {d_q, shape_->d_model});
    if (shape_->qk_norm == SeededQkNorm::none) return;
    const bool full = shape_->qk_norm == SeededQkNorm::full;
    norm("attn_q_norm.weight", full ? d_q : shape_->head_dim);
    norm("attn_k_norm.weight", full ? d_kv : shape_->head_dim);
  }

  void add_ffn() {
    const std::uint64_t d_model = shape_->d_model;
    norm("ffn_norm.weight", d_model);
    if (shape_->experts == 0) {
      matrix("ffn_gate.weight", {d_model, shape_->d_ff});
      matrix("ffn_up.weight", {d_model, shape_->d_ff});
      matrix("ffn_down.weight", {shape_->d_ff, d_model});
      return;
    }
    const std::uint64_t experts = shape_->experts;
    const double root = std::sqrt(static_cast<double>(d_model));
    add("ffn_gate_inp.weight", {d_model, experts}, [&](double z) { return z * 2 / root; });
    matrix("ffn_gate_exps.weight", {d_model, shape_->d_expert, experts});
    matrix("ffn_up_exps.weight", {d_model, shape_->d_expert, experts});
    matrix("ffn_down_exps.weight", {shape_->d_expert, d_model, experts});
  }

  void matrix(const std::string& name, std::vector<std::uint64_t> dims) {
    const double root = std::sqrt(static_cast<double>(dims[0]));
    add(name, std::move(dims), [root](double z) { return z / root; });
  }
  void norm(const std::string& name, std::uint64_t width) {
    add(name, {width}, [](double z) { return 1 + 0.2 * z; });
  }

  template <typename Scale>
  void add(const std::string& name, std::vector<std::uint64_t> dims, Scale scale) {
    std::uint64_t count = 1;
    for (const std::uint64_t dim : dims) count *= dim;
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(scale(random_.standard_normal()));
    file_->add_f32(prefix_ + name, std::move(dims), values);
  }

  GgufBuilder* file_;
  const SeededShape* shape_;
  NumpyRandom random_;
  std::string prefix_;
};

/// Round to nearest, ties to even; the magnitudes here are far from overflow.
std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

/// The same in binary16: scaled so that the last bit kept is the unit, std::nearbyint rounds.
std::uint16_t to_f16(float value) {
  const std::uint32_t sign = std::signbit(value) ? 0x8000U : 0U;
  const float magnitude = std::fabs(value);
  int exponent = 0;
  std::frexp(magnitude, &exponent);               // magnitude = [0.5, 1) * 2^exponent
  const int unit = std::max(exponent - 11, -24);  // 11 significant bits; subnormals end at 2^-24
  const auto steps = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(magnitude, -unit)));
  // Adding carries a full significand into the exponent by itself.
  return static_cast<std::uint16_t>(sign + (static_cast<std::uint32_t>(unit + 24) << 10U) + steps);
}

/// Stores every matrix in 16 bits and sorts the tensors (those outside of layers, then layer by
/// layer, by name), as the public quantiser does.
void narrow(GgufBuilder& file, WeightFormat format, std::uint32_t file_type) {
  for (GgufBuilder::Tensor& tensor : file.tensors) {
    if (tensor.dims.size() < 2 || tensor.name.find("ffn_gate_inp") != std::string::npos) continue;
    std::string narrowed;
    for (std::size_t at = 0; at < tensor.data.size(); at += sizeof(float)) {
      float value = 0;
      std::memcpy(&value, tensor.data.data() + at, sizeof(value));
      const std::uint16_t bits = format == WeightFormat::f16 ? to_f16(value) : to_bf16(value);
      narrowed.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
    }
    tensor.format = static_cast<std::uint32_t>(format);
    tensor.data = std::move(narrowed);
  }
  const auto layer = [](const GgufBuilder::Tensor& tensor) {
    return tensor.name.starts_with("blk.") ? std::stoi(tensor.name.substr(4)) : -1;
  };
  std::sort(file.tensors.begin(), file.tensors.end(),
            [&](const GgufBuilder::Tensor& a, const GgufBuilder::Tensor& b) {
              return std::pair(layer(a), a.name) < std::pair(layer(b), b.name);
            });
  file.set_u32("general.quantization_version", 2);
  file.set_u32("general.file_type", file_type);
}

/// The model of tests/golden/shapes/NAME.json; nothing when there is no such file.
std::optional<GgufBuilder> model_of_shape_file(std::string_view name) {
  const std::filesystem::path path =
      std::filesystem::path(ASSAY_TEST_ROOT) / "golden" / "shapes" / (std::string(name) + ".json");
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto shape = read_json_file(path);
  if (!shape) throw std::runtime_error(shape.error().text());
  auto model = model_of_shape(*shape);
  if (!model) throw std::runtime_error(model.error().text());
  add_vocabulary(*model);
  return std::move(*model);
}

}  // namespace

void add_vocabulary(GgufBuilder& file) {
  const auto stories =
      GgufFile::open(std::filesystem::path(ASSAY_TEST_ROOT) / "golden" / "stories260K.gguf");
  if (!stories) throw std::runtime_error(stories.error().text());
  const auto added = add_vocabulary(file, *stories);
  if (!added) throw std::runtime_error(added.error().text());
}

GgufBuilder seeded_model(std::string_view name) {
  if (auto model = model_of_shape_file(name)) return *model;
  if (name == "llama-wide-F16" || name == "llama-wide-BF16") {
    GgufBuilder file = seeded_model("llama-wide");
    const bool f16 = name == "llama-wide-F16";
    narrow(file, f16 ? WeightFormat::f16 : WeightFormat::bf16, f16 ? 1 : 32);
    return file;
  }
  const SeededShape* shape = seeded_shape(name);
  if (shape == nullptr) throw std::out_of_range(std::string(name));
  GgufBuilder file;
  add_sizes(file, *shape);
  add_vocabulary(file);
  SeededWeights(file, *shape).add_all();
  return file;
}

}  // namespace assay
