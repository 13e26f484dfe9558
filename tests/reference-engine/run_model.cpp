#include "tests/reference-engine/run_model.hpp"

#include <array>

#include "reference-engine/footprint.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/sampler.hpp"
#include "reference-engine/session.hpp"
#include "reference-engine/tokenizer.hpp"
#include "reference-engine/verification.hpp"

namespace assay {

Result<ModelStage> run_model(const std::filesystem::path& path) {
  static ThreadPool pool(1);
  static const KernelTable* const kernels = *select_kernels(live_cpu_features());
  const auto file = GgufFile::open(path);
  if (!file) return pass_on(file);
  const auto spec = model_spec(*file);
  if (!spec) return pass_on(spec);
  const auto plan = tensor_plan(*file, *spec);
  if (!plan) return pass_on(plan);
  if (Tokenizer::supports(*file)) {
    if (const auto tokenizer = Tokenizer::from(*file); !tokenizer) return pass_on(tokenizer);
  }
  const SessionShape shape{.context = 8, .cache = CacheFormat::f16, .chunk = 4, .threads = 1};
  if (footprint(*spec, *plan, shape).peak() > mebibytes(64)) return ModelStage::too_large;
  const auto model = load_model(*file, *kernels, pool);
  if (!model) return pass_on(model);
  auto session = Session::open(*model, shape, pool);
  if (!session) return pass_on(session);
  const std::array<TokenId, 2> tokens{0, spec->vocabulary - 1};
  const auto logits = session->evaluate(tokens);
  if (!logits) return pass_on(logits);
  static_cast<void>(Sampler({.temperature = 0.0F}).next(*logits));
  static_cast<void>(Sampler({.temperature = 0.8F}).next(*logits));
  if (const auto nmse = reference_nmse(*model, *session, 0); !nmse) return pass_on(nmse);
  return ModelStage::ran;
}

}  // namespace assay
