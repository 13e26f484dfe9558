#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// The golden models with their headers damaged, the same on every machine.
class ModelMutations {
 public:
  ModelMutations();  // every golden model that the engine runs
  /// Requires a right GGUF file.
  void add(std::string name, std::string file);

  /// Mutation `number`: of which model, and the whole file.
  struct Mutant {
    std::string_view model;
    std::string file;
  };
  [[nodiscard]] Mutant make(std::uint64_t number) const;

 private:
  struct Original {
    std::string name;
    std::string file;
    std::size_t header;       // bytes before the data
    std::size_t vocabulary;   // where the arrays of tokens begin
    std::size_t tensor_list;  // where the entries of tensors begin
  };
  std::vector<Original> originals_;
};

/// What became of a range of mutations.
struct MutationOutcome {
  std::uint64_t refused = 0;
  std::uint64_t too_large = 0;
  std::uint64_t ran = 0;
  double slowest_seconds = 0.0;
  std::uint64_t slowest = 0;
  std::vector<std::string> faults;  // refusals that name no field, or say too much
};

/// Runs mutations first .. first + count - 1 through run_model().
MutationOutcome run_mutations(const ModelMutations& mutations, std::uint64_t first,
                              std::uint64_t count);

}  // namespace assay
