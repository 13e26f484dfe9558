#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/engine_choice.hpp"
#include "reference-engine/footprint.hpp"
#include "reference-engine/gguf_file.hpp"
#include "reference-engine/tokenizer.hpp"

namespace assay {

/// A GGUF file whose header, shape, tensors and vocabulary have been checked; nothing is loaded.
struct GgufModel {
  GgufFile file;
  ModelSpec spec;
  TensorPlan plan;
  /// Absent for a kind of vocabulary that is not built: token ids are all that such a file takes.
  std::optional<Tokenizer> tokenizer;
};

/// Errors: refused_input.
Result<GgufModel> check_gguf_model(const std::filesystem::path& path);

/// Declares --model, --cache-type, --chunk, and the options of the engine.
void declare_model_options(options::options_description& own);

/// The file that --model names, checked. Errors: usage, refused_input.
Result<GgufModel> model_of(const Invocation& invocation);

/// The session that the options ask for. Errors: usage; does_not_fit when the machine has no room
/// for the model and a context of this length.
Result<SessionShape> session_shape(const Invocation& invocation, const GgufModel& model,
                                   const MachineProfile& machine, const EngineChoice& engine,
                                   std::uint64_t context);

}  // namespace assay
