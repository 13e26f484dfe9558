#include "tests/reference-engine/bad_files/spoiled_model.hpp"

#include <utility>

#include "tests/reference-engine/seeded_models.hpp"

namespace assay {

BadFile bad_model(std::string name, const char* model, void (*spoil)(GgufBuilder& file),
                  std::string message, std::uint64_t file_size) {
  return {std::move(name),
          [model, spoil] {
            GgufBuilder file = seeded_model(model);
            spoil(file);
            return file.build();
          },
          std::move(message), file_size};
}

}  // namespace assay
