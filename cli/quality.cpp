#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/gguf_model.hpp"
#include "cli/new_assessment.hpp"
#include "cli/shared_options.hpp"
#include "cli/state.hpp"
#include "workloads/quality.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_shortest_context = 8;
constexpr std::uint32_t k_longest_context = 32768;
constexpr std::uint32_t k_most_chunks = 100000;
constexpr Bytes k_longest_text = mebibytes(64);

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  auto add = own.add_options();
  add("model", options::value<std::string>()->value_name("A.gguf"), "the model to judge");
  add("reference", options::value<std::string>()->value_name("B.gguf"),
      "the model that is taken as right, with the same vocabulary");
  add("text", options::value<std::string>()->value_name("FILE"),
      "text to read (default: tokens that the reference generates)");
  add("context", options::value<std::uint32_t>()->value_name("N")->default_value(512),
      "tokens of a chunk; its second half is scored");
  add("chunks", options::value<std::uint32_t>()->value_name("N"),
      "chunks at most (default: the whole text, or 8 that are generated)");
  add("seed", options::value<std::uint64_t>()->value_name("S")->default_value(1),
      "of the generated tokens and of the intervals");
  declare_cache_option(own);
  declare_engine_options(own);
}

Result<std::uint32_t> within(const Invocation& invocation, const char* option, std::uint32_t least,
                             std::uint32_t most) {
  const auto value = invocation.get<std::uint32_t>(option);
  if (value < least || value > most) {
    return fail(ErrorCode::usage,
                fmt::format("--{}: {} (expected {} to {})", option, value, least, most));
  }
  return value;
}

Result<QualityOptions> options_of(const Invocation& invocation, const MachineProfile& machine) {
  QualityOptions chosen;
  for (const auto& [option, path] :
       {std::pair{"model", &chosen.model}, std::pair{"reference", &chosen.reference}}) {
    if (!invocation.has(option)) {
      return fail(ErrorCode::usage, fmt::format("--{}: missing (expected a GGUF file)", option));
    }
    *path = invocation.get<std::string>(option);
    if (auto checked = check_gguf_model(*path); !checked) return pass_on(checked);
  }
  const auto context = within(invocation, "context", k_shortest_context, k_longest_context);
  if (!context) return pass_on(context);
  chosen.context = *context;
  if (invocation.has("chunks")) {
    const auto chunks = within(invocation, "chunks", 1, k_most_chunks);
    if (!chunks) return pass_on(chunks);
    chosen.chunks = *chunks;
  }
  const auto cache = cache_option(invocation);
  if (!cache) return pass_on(cache);
  chosen.cache = *cache;
  if (invocation.has("text")) {
    chosen.text_name = invocation.get<std::string>("text");
    auto text = read_file(chosen.text_name, k_longest_text);
    if (!text) return pass_on(text);
    chosen.text = std::move(*text);
    chosen.text_name = std::filesystem::path(chosen.text_name).filename().string();
  }
  chosen.seed = invocation.get<std::uint64_t>("seed");
  chosen.usable_memory = machine.usable_memory().optional();
  return chosen;
}

Result<int> run(const Invocation& invocation) {
  Assessment assessment = new_assessment("quality");
  assessment.machine = probe_this_machine();
  const auto chosen = options_of(invocation, *assessment.machine);
  if (!chosen) return pass_on(chosen);
  const auto engine = choose_engine(invocation, *assessment.machine);
  if (!engine) return pass_on(engine);
  ThreadPool pool(engine->threads);
  ProgressLine line(invocation);
  const Progress progress = [&line](const std::string& what, double fraction) {
    line.show(what, fraction);
  };
  auto run = run_quality(*chosen, *engine->kernels, pool, progress, invocation.stop);
  line.finish();
  if (!run) return pass_on(run);
  assessment.environment.threads = engine->threads;
  assessment.runs.push_back(std::move(*run));
  const RenderFormat* format = find_render_format(invocation.json ? "json" : "text");
  const std::string text = format->render(assessment, render_options(invocation));
  if (auto shown = deliver(invocation, text); !shown) return pass_on(shown);
  return k_exit_yes;
}

}  // namespace

Command quality_command() {
  return {
      .name = "quality",
      .summary = "how far a quantised model's predictions are from the original's",
      .usage = "assay quality --model A.gguf --reference B.gguf [--text FILE] [options]",
      .examples =
          "  assay quality --model llama-Q4_K_M.gguf --reference llama-F16.gguf\n"
          "  assay quality --model llama-Q4_K_M.gguf --reference llama-F16.gguf --text wiki.txt\n"
          "  assay quality --model a.gguf --reference b.gguf --json -o quality.json\n",
      .declare = declare,
      .run = run};
}

}  // namespace assay
