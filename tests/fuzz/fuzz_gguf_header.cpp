#include "reference-engine/gguf_file.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/targets.hpp"

namespace assay {

void fuzz_gguf_header(std::string_view input) {
  const MemoryFile content(input);
  const auto file = GgufFile::open(content.path());
  if (!file) return;
  const auto spec = model_spec(*file);
  if (!spec) return;
  static_cast<void>(tensor_plan(*file, *spec));
}

}  // namespace assay
