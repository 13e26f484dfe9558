#include "tests/fuzz/mutations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "reference-engine/gguf_file.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/reference-engine/golden_models.hpp"
#include "tests/reference-engine/run_model.hpp"

namespace assay {
namespace {

using Random = std::mt19937_64;

/// Values at which sums, products and casts go wrong.
constexpr std::array<std::uint64_t, 16> k_extremes{0,
                                                   1,
                                                   2,
                                                   0x7F,
                                                   0xFF,
                                                   0xFFFF,
                                                   0x10000,
                                                   0x7FFFFFFF,
                                                   0x80000000,
                                                   0xFFFFFFFF,
                                                   0x100000000,
                                                   0x3FFFFFFFFFFFFFFF,
                                                   std::uint64_t{1} << 62U,
                                                   std::uint64_t{1} << 63U,
                                                   ~std::uint64_t{0} - 3,
                                                   ~std::uint64_t{0}};

void flip_bits(std::string& header, std::size_t at, Random& random) {
  for (std::size_t i = 0, flips = 1 + random() % 4; i < flips; ++i) {
    char& byte = header[std::min(at + random() % 8, header.size() - 1)];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (random() % 8)));
  }
}

void put_extreme(std::string& header, std::size_t at, Random& random) {
  const std::uint64_t value = k_extremes[random() % k_extremes.size()];
  const std::size_t width = random() % 2 == 0 ? 4 : 8;
  std::memcpy(header.data() + at, &value, std::min(width, header.size() - at));
}

/// Bytes of one place (of any model) over, or between, those of another.
void splice(std::string& header, std::size_t at, std::string_view from, Random& random) {
  const std::size_t length = 1 + random() % 64;
  const std::string_view piece = from.substr(random() % from.size(), length);
  if (random() % 2 == 0) {
    header.insert(at, piece);
  } else {
    header.replace(at, std::min(piece.size(), header.size() - at), piece);
  }
}

void remove_some(std::string& header, std::size_t at, Random& random) {
  header.erase(at, 1 + random() % 32);
}

}  // namespace

ModelMutations::ModelMutations() {
  const GoldenModels goldens;
  for (const std::string& name : GoldenModels::names()) {
    std::ifstream stream(goldens.file(name), std::ios::binary);
    add(name, std::string(std::istreambuf_iterator<char>(stream), {}));
  }
}

void ModelMutations::add(std::string name, std::string file) {
  const std::string header = gguf_header_of(file);
  const MemoryFile content(file);
  const auto gguf = GgufFile::open(content.path());
  std::size_t tensors = header.size();
  for (const GgufTensor& tensor : gguf->tensors()) {
    tensors = std::min(tensors, header.rfind(tensor.name));
  }
  const std::size_t vocabulary = std::min(header.find("tokenizer.ggml.tokens"), tensors);
  originals_.push_back({std::move(name), std::move(file), header.size(), vocabulary, tensors});
}

ModelMutations::Mutant ModelMutations::make(std::uint64_t number) const {
  Random random(number);
  const Original& original = originals_[number % originals_.size()];
  const Original& other = originals_[random() % originals_.size()];
  std::string header = original.file.substr(0, original.header);
  const std::string_view data = std::string_view(original.file).substr(original.header);
  // Most of a header are tokens; most of what can go wrong stands before and behind them.
  const std::size_t tail = original.header - original.tensor_list;
  std::size_t at = random() % original.header;
  if (random() % 8 != 0) {
    at = random() % (original.vocabulary + tail);
    if (at >= original.vocabulary) at += original.tensor_list - original.vocabulary;
  }
  switch (random() % 8) {
    case 0:
    case 1:
    case 2:
      flip_bits(header, at, random);
      break;
    case 3:
    case 4:
      put_extreme(header, at, random);
      break;
    case 5:
      splice(header, at, std::string_view(other.file).substr(0, other.header), random);
      break;
    case 6:
      remove_some(header, at, random);
      break;
    default: {  // cut anywhere
      header += data;
      header.resize(random() % 2 == 0 ? at : random() % header.size());
      return {original.name, std::move(header)};
    }
  }
  header += data;
  return {original.name, std::move(header)};
}

MutationOutcome run_mutations(const ModelMutations& mutations, std::uint64_t first,
                              std::uint64_t count) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t k_longest_message = 1000;
  MutationOutcome outcome;
  for (std::uint64_t number = first; number < first + count; ++number) {
    const auto mutant = mutations.make(number);
    const MemoryFile file(mutant.file);
    const auto start = Clock::now();
    const auto stage = run_model(file.path());
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds > outcome.slowest_seconds) {
      outcome.slowest_seconds = seconds;
      outcome.slowest = number;
    }
    if (stage) {
      ++(*stage == ModelStage::ran ? outcome.ran : outcome.too_large);
      continue;
    }
    ++outcome.refused;
    const std::string text = stage.error().text();
    if (!text.starts_with(file.path().string() + ": ") || text.size() > k_longest_message) {
      outcome.faults.push_back(fmt::format("{} ({}): {}", number, mutant.model, text));
    }
  }
  return outcome;
}

}  // namespace assay
