#include "tests/reference-engine/golden_distance.hpp"

#include <span>
#include <vector>

#include "reference-engine/gguf_file.hpp"
#include "reference-engine/session.hpp"
#include "tests/reference-engine/nmse.hpp"

namespace assay {

double golden_distance(const GoldenModels& models, const std::string& golden,
                       const KernelTable& kernels, std::uint32_t chunk, ThreadPool& pool) {
  const auto file = GgufFile::open(models.file(golden));
  const auto model = load_model(*file, kernels, pool);
  auto session = Session::open(*model, {64, CacheFormat::f32, chunk, pool.size()}, pool);
  std::vector<float> logits;
  const auto done =
      session->evaluate_all(GoldenModels::tokens(), [&](std::size_t, std::span<const float> row) {
        logits.insert(logits.end(), row.begin(), row.end());
      });
  return done ? nmse(logits, GoldenModels::logits(golden)) : 1.0;
}

}  // namespace assay
