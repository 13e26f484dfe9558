#include "tests/fuzz/seeds.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/embedded.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/golden/gguf_builder.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/reference-engine/golden_models.hpp"

namespace assay {
namespace {

using Take = std::function<void(std::string_view, std::string_view)>;

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A file that reads "small" in every way: two tokens, one key of each kind, one tensor.
GgufBuilder smallest() {
  GgufBuilder file;
  file.set_text("general.architecture", "llama").set_u32("general.alignment", 32);
  file.set_bool("b", true).set("d", GgufType::f64, 1.0);
  file.add_f32("a", {8, 4}, std::vector<float>(32, 1.0F));
  return file;
}

/// One token of each kind, pieces that merge, bytes, and words of more than one piece.
GgufBuilder small_vocabulary() {
  GgufBuilder file;
  const std::vector<std::string> tokens{"<unk>",
                                        "<s>",
                                        "</s>",
                                        "<0x0A>",
                                        "<0xC3>",
                                        "a",
                                        "b",
                                        "ab",
                                        "abab",
                                        "\xE2\x96\x81",
                                        "\xE2\x96\x81"
                                        "a",
                                        "<|x|>"};
  const std::vector<std::int32_t> kinds{2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1, 4};
  std::vector<float> scores;
  for (std::size_t i = 0; i < tokens.size(); ++i) scores.push_back(-static_cast<float>(i));
  file.set_text("tokenizer.ggml.model", "llama").set_texts("tokenizer.ggml.tokens", tokens);
  file.set_numbers<float>("tokenizer.ggml.scores", GgufType::f32, scores);
  file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32, kinds);
  file.set_u32("tokenizer.ggml.bos_token_id", 1).set_u32("tokenizer.ggml.eos_token_id", 2);
  return file;
}

/// The same for vocabularies of merges.
GgufBuilder small_merges() {
  GgufBuilder file;
  const std::vector<std::string> tokens{"a",
                                        "b",
                                        "c",
                                        "ab",
                                        "abc",
                                        "\xC4\xA0",
                                        "\xC4\xA0"
                                        "a",
                                        "<|end|>"};
  const std::vector<std::int32_t> kinds{1, 1, 1, 1, 1, 1, 1, 3};
  const std::vector<std::string> merges{"a b", "ab c", "\xC4\xA0 a"};
  file.set_text("tokenizer.ggml.model", "gpt2").set_text("tokenizer.ggml.pre", "qwen2");
  file.set_texts("tokenizer.ggml.tokens", tokens).set_texts("tokenizer.ggml.merges", merges);
  file.set_numbers<std::int32_t>("tokenizer.ggml.token_type", GgufType::i32, kinds);
  file.set_u32("tokenizer.ggml.eos_token_id", 7);
  return file;
}

void golden_headers(const Take& take) {
  const GoldenModels goldens;
  for (const std::string& name : GoldenModels::names()) {
    take(name, gguf_header_of(read_whole(goldens.file(name))));
  }
}

void embedded(char kind, std::string_view folder, const Take& take) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.name.starts_with(folder)) continue;
    std::string seed(1, kind);
    seed += file.content;
    take(std::string(1, kind), seed);
  }
}

constexpr std::string_view k_llama_bench = R"(e[{"build_commit": "e6ab7c1a", "build_number": 11118,
 "cpu_info": "Some CPU", "gpu_info": "", "backends": "CPU", "model_filename": "Qwen3-1.7B-Q4_K_M.gguf",
 "model_type": "qwen3 1.7B Q4_K - Medium", "model_size": 1282439168, "model_n_params": 2031739904,
 "n_batch": 512, "n_ubatch": 512, "n_threads": 2, "type_k": "f16", "type_v": "f16", "n_gpu_layers": 0,
 "n_prompt": 512, "n_gen": 0, "n_depth": 0, "avg_ns": 1000000, "avg_ts": 100.5, "stddev_ts": 1.0}])";

/// The JSON files of a folder of fixtures.
void fixtures_of(char kind, const char* folder, const Take& take) {
  const auto fixtures = std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / folder;
  for (const auto& file : std::filesystem::directory_iterator(fixtures)) {
    if (file.path().extension() != ".json") continue;
    std::string seed = read_whole(file.path());
    seed.insert(seed.begin(), kind);
    take(file.path().stem().string(), seed);
  }
}

}  // namespace

std::string gguf_header_of(std::string_view file) {
  const MemoryFile content(file);
  const auto gguf = GgufFile::open(content.path());
  if (!gguf) throw std::runtime_error(gguf.error().text());
  std::size_t end = file.size();
  for (const GgufTensor& tensor : gguf->tensors()) {
    end = std::min(end, static_cast<std::size_t>(tensor.offset));
  }
  return std::string(file.substr(0, end));
}

void for_each_seed(std::string_view target, const Take& take) {
  if (target == "gguf_header") {
    take("smallest", smallest().build());
    take("vocabulary", small_vocabulary().build());
    golden_headers(take);
  } else if (target == "model") {
    golden_headers(take);
  } else if (target == "tokenizer") {
    take("pieces", small_vocabulary().build());
    take("merges", small_merges().build());
  } else if (target == "result_json") {
    const auto fixtures = std::filesystem::path(ASSAY_TEST_ROOT) / "fixtures" / "results";
    take("result", read_whole(fixtures / "result-1.json"));
    take("assess", read_whole(fixtures / "result-1-assess.json"));
    take("empty", R"({"schema": "assay.result/1"})");
  } else if (target == "config") {
    embedded('w', "workloads/", take);
    embedded('p', "policies/", take);
    embedded('c', "models/", take);
    embedded('s', "capability/", take);
    embedded('g', "hardware/gpus", take);
    embedded('r', "hardware/processors", take);
    take("llama-bench", k_llama_bench);
    fixtures_of('h', "configs", take);
  } else {
    throw std::out_of_range(std::string(target));
  }
}

}  // namespace assay
