#include <array>
#include <functional>
#include <random>

#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/reference-engine/run_model.hpp"

namespace assay {
namespace {

/// Data behind a header: small numbers in every format, or any bits at all (infinities and NaN
/// among them).
std::string make_filler(bool any_bits) {
  constexpr std::size_t k_bytes = std::size_t{2} << 20;
  std::mt19937_64 random(1);
  std::string filler(k_bytes, '\0');
  for (std::size_t i = 0; i < k_bytes; i += 4) {
    // As F32 0.03 to 0.06, as F16 or the scale of a block 0.03 to 0.06 and near 1.
    std::array<char, 4> word{static_cast<char>(random()), static_cast<char>(random()),
                             static_cast<char>(random()), '\x3D'};
    if (any_bits) word[3] = static_cast<char>(random());
    filler.replace(i, word.size(), word.data(), word.size());
  }
  return filler;
}

}  // namespace

void fuzz_model(std::string_view input) {
  static const std::array<std::string, 2> k_fillers{make_filler(false), make_filler(true)};
  MemoryFile content(input);
  content.append(k_fillers[std::hash<std::string_view>()(input) % 4 == 0 ? 1 : 0]);
  static_cast<void>(run_model(content.path()));
}

}  // namespace assay
