#include "tests/reference-engine/bad_files/small_file.hpp"

namespace assay {

GgufBuilder small() {
  GgufBuilder file;
  file.set_text("general.architecture", "llama");
  file.add_f32("a", {8, 4}, std::vector<float>(32));
  GgufBuilder::Tensor b;
  b.name = "b";
  b.dims = {64, 2};
  b.format = static_cast<std::uint32_t>(WeightFormat::q8_0);
  b.data.resize(136);
  file.tensors.push_back(b);
  return file;
}

}  // namespace assay
