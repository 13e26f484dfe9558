#include "advisor/file_size.hpp"

#include <array>
#include <cmath>

namespace assay {
namespace {

/// Metadata of files with one tokenizer. The size of a vocabulary tells which it is.
struct KnownVocabulary {
  std::uint32_t tokens;
  double bytes;
};

// What is left of published files when the plan's tensors and their entries are taken away (rows of
// tests/fixtures/catalogue/file-sizes.json; docs/accuracy.md): the median where there are several,
// which agree to 0.02 MB but for half a megabyte between Tekken's templates and Llama 3's in Q4_0.
constexpr std::array<KnownVocabulary, 9> k_known{{
    {32'064, 0.732e6},   // Llama 2 and Phi 3: scores, no merges
    {65'536, 2.377e6},   // LFM2
    {128'000, 8.222e6},  // LFM2.5 8B
    {128'256, 7.824e6},  // Llama 3
    {131'072, 7.868e6},  // Tekken
    {151'936, 5.934e6},  // Qwen 2, 2.5 and 3
    {200'064, 8.2e6},    // o200k
    {248'320, 9.652e6},  // Qwen 3.5
    {262'144, 6.513e6},  // Gemma 3 and 4: scores, no merges
}};
// Models add a few tokens to a vocabulary, or fill it up to a round number.
constexpr double k_same_vocabulary = 0.01;
// Those take 23 to 64 bytes a token; the middle of the seven that have merges is 41.
constexpr double k_bytes_of_unknown_token = 41.0;

}  // namespace

Bytes metadata_bytes(std::uint32_t tokens) {
  double bytes = k_bytes_of_unknown_token * tokens;
  double nearest = k_same_vocabulary;
  for (const KnownVocabulary& known : k_known) {
    const double ratio = static_cast<double>(tokens) / known.tokens;
    if (std::abs(ratio - 1.0) >= nearest) continue;
    nearest = std::abs(ratio - 1.0);
    bytes = known.bytes * ratio;
  }
  return Bytes(static_cast<std::uint64_t>(std::llround(bytes)));
}

namespace {

/// What the header says of a tensor: its name, number of dimensions and each of them, type, offset.
std::uint64_t entry_bytes(const PlannedTensor& tensor) {
  std::uint64_t dimensions = 1;
  if (tensor.rows > 1) dimensions = 2;
  if (tensor.experts > 1) dimensions = 3;
  return 8 + tensor.name.size() + 4 + 8 * dimensions + 4 + 8;
}

}  // namespace

Bytes file_bytes(const ModelSpec& spec, const TensorPlan& plan) {
  constexpr std::uint64_t k_alignment = 32;
  std::uint64_t bytes = metadata_bytes(spec.vocabulary).value;
  for (const PlannedTensor& tensor : plan.tensors) {
    bytes += (tensor.bytes.value + k_alignment - 1) / k_alignment * k_alignment;
    bytes += entry_bytes(tensor);
  }
  return Bytes(bytes);
}

}  // namespace assay
