#include <fmt/format.h>

#include <charconv>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/gguf_model.hpp"
#include "reference-engine/session.hpp"

namespace assay {
namespace {

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  declare_model_options(own);
  own.add_options()("tokens", options::value<std::string>()->value_name("IDS"),
                    "token ids, with commas between them: 1,2,3");
}

Result<std::vector<TokenId>> tokens_of(const Invocation& invocation, std::uint32_t vocabulary) {
  if (!invocation.has("tokens")) {
    return fail(ErrorCode::usage, "--tokens: missing (expected token ids, as in 1,2,3)");
  }
  std::vector<TokenId> tokens;
  for (const std::string_view field : split(invocation.get<std::string>("tokens"), ',')) {
    const std::string_view text = trim(field);
    TokenId token = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
        token >= vocabulary) {
      return fail(ErrorCode::usage, fmt::format("--tokens: '{}' (expected a token id from 0 to {})",
                                                printable(field, 40), vocabulary - 1));
    }
    tokens.push_back(token);
  }
  return tokens;
}

/// Writes the logits after each token to the file, row by row.
Result<void> write_logits(const Invocation& invocation, Session& session,
                          const std::vector<TokenId>& tokens, OutputFile& file) {
  // In parts, so that an interruption is noticed between them.
  constexpr std::size_t k_part = 512;
  for (std::size_t first = 0; first < tokens.size(); first += k_part) {
    if (invocation.stop.stop_requested()) {
      return fail(ErrorCode::interrupted, "interrupted while computing logits");
    }
    Result<void> written;
    const auto part = std::span(tokens).subspan(first, std::min(k_part, tokens.size() - first));
    const auto done = session.evaluate_all(part, [&](std::size_t, std::span<const float> row) {
      if (written) written = file.write(std::as_bytes(row));
    });
    if (!done) return done;
    if (!written) return written;
  }
  return file.commit();
}

Result<int> run(const Invocation& invocation) {
  if (!invocation.output) {
    return fail(ErrorCode::usage, "--output: missing (expected the file for the logits)");
  }
  const auto model = model_of(invocation);
  if (!model) return pass_on(model);
  const auto tokens = tokens_of(invocation, model->spec.vocabulary);
  if (!tokens) return pass_on(tokens);
  const MachineProfile machine = probe_this_machine();
  const auto engine = choose_engine(invocation, machine);
  if (!engine) return pass_on(engine);
  const auto shape = session_shape(invocation, *model, machine, *engine, tokens->size());
  if (!shape) return pass_on(shape);
  auto file = OutputFile::create(*invocation.output);
  if (!file) return pass_on(file);
  ThreadPool pool(engine->threads);
  const auto loaded = load_model(model->file, *engine->kernels, pool, invocation.stop);
  if (!loaded) return pass_on(loaded);
  auto session = Session::open(*loaded, *shape, pool);
  if (!session) return pass_on(session);
  if (auto done = write_logits(invocation, *session, *tokens, *file); !done) return pass_on(done);
  const std::string path = invocation.output->string();
  if (invocation.json) {
    Json json;
    json["schema"] = "assay.logits/1";
    json["file"] = printable(path, 4096);
    json["layout"] = "float32 little-endian, [tokens, vocabulary]";
    json["tokens"] = tokens->size();
    json["vocabulary"] = model->spec.vocabulary;
    json["engine"] = {
        {"name", "reference"},        {"isa", engine->kernels->isa},
        {"threads", engine->threads}, {"numerics", numerics_name(engine->numerics)},
        {"chunk", shape->chunk},      {"cache_type", cache_format_name(shape->cache)}};
    Invocation to_stdout = invocation;
    to_stdout.output.reset();
    if (auto done = deliver(to_stdout, json_text(json)); !done) return pass_on(done);
  } else {
    remark(invocation, fmt::format("{}: {} x {} float32, little-endian", printable(path, 4096),
                                   tokens->size(), model->spec.vocabulary));
  }
  return k_exit_yes;
}

}  // namespace

Command logits_command() {
  return {.name = "logits",
          .summary = "logits after each token, for checking the engine",
          .usage = "assay logits --model FILE.gguf --tokens 1,2,3 -o FILE [options]",
          .examples =
              "  assay logits --model llama.gguf --tokens 1,403,407 -o llama.logits.f32\n"
              "  assay logits --model llama.gguf --tokens 1,403 -o l.f32 --cache-type F32 "
              "--isa scalar --threads 1 --chunk 1\n",
          .declare = declare,
          .run = run};
}

}  // namespace assay
