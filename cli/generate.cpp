#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/gguf_model.hpp"
#include "reference-engine/sampler.hpp"

namespace assay {
namespace {

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  declare_model_options(own);
  auto add = own.add_options();
  add("prompt", options::value<std::string>()->value_name("TEXT")->default_value(""),
      "what the text begins with (it is not repeated); empty: the start token alone");
  add("special", "control tokens in the prompt (\"<|im_end|>\") are taken for such, and shown");
  add("count,n", options::value<std::uint32_t>()->value_name("N")->default_value(200),
      "tokens to generate at most");
  add("temperature", options::value<float>()->value_name("T")->default_value(0.0F),
      "0 takes the likeliest token each time; 1 follows the model's probabilities");
  add("seed", options::value<std::uint64_t>()->value_name("S")->default_value(1),
      "of the random choice, for a temperature above 0");
}

/// Why no more tokens were generated.
enum class Ending { end_token, count, reader_gone };

struct Generation {
  std::vector<TokenId> tokens;
  std::string text;
  Ending ending = Ending::count;
};

/// Shows a piece of text at once where a person may be reading. False when the reader has gone.
Result<bool> show(std::string_view piece) {
  errno = 0;
  const bool written = std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size();
  if (written && std::fflush(stdout) == 0) return true;
  if (errno == EPIPE) {
    std::clearerr(stdout);
    return false;
  }
  return fail(ErrorCode::io, fmt::format("could not be written: {}", std::strerror(errno)),
              "standard output");
}

Result<Generation> generate(const Invocation& invocation, const GgufModel& model, Session& session,
                            const std::vector<TokenId>& prompt) {
  const bool live = !invocation.json && !invocation.output;
  Sampler sampler({invocation.get<float>("temperature"), invocation.get<std::uint64_t>("seed")});
  TextStream text(*model.tokenizer, prompt.back(), invocation.has("special"));
  Generation generation;
  std::vector<TokenId> input = prompt;
  const auto count = invocation.get<std::uint32_t>("count");
  while (generation.tokens.size() < count) {
    const auto logits = session.evaluate(input, invocation.stop);
    if (!logits) return pass_on(logits);
    if (std::any_of(logits->begin(), logits->end(), [](float x) { return std::isnan(x); })) {
      return fail(ErrorCode::invalid_result, "the model's output is not a number",
                  model.file.name(), "the file's weights are damaged");
    }
    const TokenId next = sampler.next(*logits);
    if (model.tokenizer->ends_text(next) || next == model.tokenizer->start_token()) {
      generation.ending = Ending::end_token;
      break;
    }
    if (next >= model.tokenizer->vocabulary()) {
      return fail(ErrorCode::invalid_result,
                  fmt::format("token {} has no text (the vocabulary ends at {})", next,
                              model.tokenizer->vocabulary()),
                  model.file.name());
    }
    const std::string piece = text.add(next);
    generation.tokens.push_back(next);
    generation.text += piece;
    if (live) {
      const auto shown = show(piece);
      if (!shown) return pass_on(shown);
      if (!*shown) {
        generation.ending = Ending::reader_gone;
        return generation;
      }
    }
    input.assign(1, next);
  }
  const std::string rest = text.finish();
  generation.text += rest;
  if (live && !rest.empty()) {
    if (const auto shown = show(rest); !shown) return pass_on(shown);
  }
  return generation;
}

std::string document(const Invocation& invocation, const GgufModel& model,
                     const EngineChoice& engine, const std::vector<TokenId>& prompt,
                     const Generation& generation) {
  Json json;
  json["schema"] = "assay.generation/1";
  json["model"] = printable(model.file.name(), 4096);
  json["engine"] = {{"name", "reference"},
                    {"isa", engine.kernels->isa},
                    {"threads", engine.threads},
                    {"numerics", numerics_name(engine.numerics)}};
  json["temperature"] = invocation.get<float>("temperature");
  json["seed"] = invocation.get<std::uint64_t>("seed");
  json["prompt_tokens"] = prompt;
  json["tokens"] = generation.tokens;
  json["ended_by"] = generation.ending == Ending::end_token ? "end_token" : "count";
  json["text"] = generation.text;
  return json_text(json);
}

Result<int> run(const Invocation& invocation) {
  if (const float t = invocation.get<float>("temperature"); !(t >= 0.0F && t <= 100.0F)) {
    return fail(ErrorCode::usage, fmt::format("--temperature: {} (expected 0 to 100)", t));
  }
  const auto model = model_of(invocation);
  if (!model) return pass_on(model);
  if (!model->tokenizer) {  // the refusal names the kinds of vocabulary that are built
    return pass_on(Tokenizer::from(model->file));
  }
  const MachineProfile machine = probe_this_machine();
  const auto engine = choose_engine(invocation, machine);
  if (!engine) return pass_on(engine);
  if (!model->tokenizer->note().empty()) {
    remark(invocation, fmt::format("assay: {}: {}", printable(model->file.name(), 4096),
                                   model->tokenizer->note()));
  }
  const EncodeOptions options{.control_tokens = invocation.has("special")};
  const std::vector<TokenId> prompt =
      model->tokenizer->encode(invocation.get<std::string>("prompt"), options);
  if (prompt.empty()) {
    return fail(ErrorCode::usage, "--prompt: no tokens (this model has no start token)");
  }
  const std::uint64_t context = prompt.size() + invocation.get<std::uint32_t>("count");
  const auto shape = session_shape(invocation, *model, machine, *engine, context);
  if (!shape) return pass_on(shape);
  if (context > model->spec.trained_context) {
    remark(invocation, fmt::format("assay: {} tokens are more than the model was trained for ({})",
                                   context, model->spec.trained_context));
  }
  ThreadPool pool(engine->threads);
  const auto loaded = load_model(model->file, *engine->kernels, pool, invocation.stop);
  if (!loaded) return pass_on(loaded);
  auto session = Session::open(*loaded, *shape, pool);
  if (!session) return pass_on(session);
  const auto generation = generate(invocation, *model, *session, prompt);
  if (!generation) return pass_on(generation);
  Result<void> done;
  if (invocation.json) {
    done = deliver(invocation, document(invocation, *model, *engine, prompt, *generation));
  } else if (invocation.output) {
    done = deliver(invocation, generation->text + "\n");
  } else if (generation->ending != Ending::reader_gone) {
    done = deliver(invocation, "\n");
  }
  if (!done) return pass_on(done);
  return k_exit_yes;
}

}  // namespace

Command generate_command() {
  return {.name = "generate",
          .summary = "text from a model, to see the engine work",
          .usage = "assay generate --model FILE.gguf [--prompt TEXT] [-n N] [options]",
          .examples =
              "  assay generate --model stories260K.gguf --prompt \"\"\n"
              "  assay generate --model llama.gguf --prompt \"Once upon\" -n 50 "
              "--temperature 0.8 --seed 7\n",
          .declare = declare,
          .run = run};
}

}  // namespace assay
