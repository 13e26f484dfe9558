#include "cli/gguf_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "cli/shared_options.hpp"

namespace assay {
namespace {

// Positions that a session may be asked for: those of the longest contexts in use.
constexpr std::uint64_t k_most_context = std::uint64_t{1} << 24;
constexpr std::uint32_t k_most_chunk = 1U << 16;

}  // namespace

Result<GgufModel> check_gguf_model(const std::filesystem::path& path) {
  auto file = GgufFile::open(path);
  if (!file) return pass_on(file);
  auto spec = model_spec(*file);
  if (!spec) return pass_on(spec);
  auto plan = tensor_plan(*file, *spec);
  if (!plan) return pass_on(plan);
  GgufModel model{std::move(*file), std::move(*spec), std::move(*plan), std::nullopt};
  if (!Tokenizer::supports(model.file)) return model;
  auto tokenizer = Tokenizer::from(model.file);
  if (!tokenizer) return pass_on(tokenizer);
  if (tokenizer->vocabulary() > model.spec.vocabulary) {
    return model.file.refuse(
        "tokenizer.ggml.tokens",
        fmt::format("{} tokens (expected at most {}, the rows of the embedding)",
                    tokenizer->vocabulary(), model.spec.vocabulary));
  }
  model.tokenizer = std::move(*tokenizer);
  return model;
}

void declare_model_options(options::options_description& own) {
  auto add = own.add_options();
  add("model", options::value<std::string>()->value_name("FILE"), "the model, a GGUF file");
  declare_cache_option(own);
  add("chunk", options::value<std::uint32_t>()->value_name("N")->default_value(512),
      "most tokens of one pass");
  declare_engine_options(own);
}

Result<GgufModel> model_of(const Invocation& invocation) {
  if (!invocation.has("model")) {
    return fail(ErrorCode::usage, "--model: missing (expected a GGUF file)");
  }
  return check_gguf_model(invocation.get<std::string>("model"));
}

Result<SessionShape> session_shape(const Invocation& invocation, const GgufModel& model,
                                   const MachineProfile& machine, const EngineChoice& engine,
                                   std::uint64_t context) {
  SessionShape shape;
  if (context > k_most_context) {
    return fail(ErrorCode::usage,
                fmt::format("{} tokens in all (expected at most {})", context, k_most_context));
  }
  shape.context = static_cast<std::uint32_t>(context);
  shape.chunk = invocation.get<std::uint32_t>("chunk");
  shape.threads = engine.threads;
  if (shape.chunk < 1 || shape.chunk > k_most_chunk) {
    return fail(ErrorCode::usage,
                fmt::format("--chunk: {} (expected 1 to {})", shape.chunk, k_most_chunk));
  }
  const auto cache = cache_option(invocation);
  if (!cache) return pass_on(cache);
  shape.cache = *cache;
  const Bytes needed = footprint(model.spec, model.plan, shape).peak();
  const Fact<Bytes> usable = machine.usable_memory();
  if (usable.is_known() && needed > usable.value()) {
    return fail(ErrorCode::does_not_fit,
                fmt::format("needs {} of memory with a context of {} tokens ({} may be used)",
                            human_bytes(needed), shape.context, human_bytes(usable.value())),
                model.file.name(), "choose a smaller format or a shorter context");
  }
  return shape;
}

}  // namespace assay
