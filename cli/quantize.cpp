#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/gguf_model.hpp"
#include "reference-engine/quantisation.hpp"

namespace assay {
namespace {

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  add("in", options::value<std::string>()->value_name("IN.gguf"), "the model to read");
  add("out", options::value<std::string>()->value_name("OUT.gguf"), "the file to write");
  add("format", options::value<std::string>()->value_name("FORMAT"),
      "a mixture or a format, such as Q4_K_M");
  add("threads", options::value<unsigned>()->value_name("N"),
      "threads (default: the physical cores that may be used)");
  places.add("in", 1).add("out", 1).add("format", 1);
}

std::string recipe_names() {
  std::vector<std::string_view> names;
  for (const Recipe recipe : all_recipes()) names.push_back(recipe_name(recipe));
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<Recipe> recipe_of(const Invocation& invocation) {
  const std::string& name = invocation.get<std::string>("format");
  if (const auto recipe = recipe_from_name(name)) return *recipe;
  return fail(ErrorCode::usage, fmt::format("FORMAT: '{}' (expected one of {})",
                                            printable(name, 40), recipe_names()));
}

/// Bits of one weight, scales included.
double bits_per_weight(Bytes bytes, const Quantisation& done) {
  return done.values() == 0
             ? 0.0
             : 8.0 * static_cast<double>(bytes.value) / static_cast<double>(done.values());
}

Json document(const std::string& in, const std::string& out, Recipe recipe,
              const Quantisation& done) {
  Json json;
  json["schema"] = "assay.quantisation/1";
  json["input"] = printable(in, 4096);
  json["output"] = printable(out, 4096);
  json["format"] = recipe_name(recipe);
  json["weight_bytes_before"] = done.bytes_before().value;
  json["weight_bytes"] = done.bytes_after().value;
  json["file_bytes"] = done.file_bytes.value;
  json["bits_per_weight"] = bits_per_weight(done.bytes_after(), done);
  json["relative_error"] = done.relative_error();
  Json tensors = Json::array();
  for (const QuantisedTensor& tensor : done.tensors) {
    Json row;
    row["name"] = printable(tensor.name);
    row["from"] = format_name(tensor.from);
    row["to"] = format_name(tensor.to);
    row["bytes"] = tensor.bytes_after.value;
    row["relative_error"] = Quantisation{{tensor}, {}}.relative_error();
    tensors.push_back(std::move(row));
  }
  json["tensors"] = std::move(tensors);
  return json;
}

std::string summary(const std::string& out, Recipe recipe, const Quantisation& done) {
  return fmt::format(
      "{}: {}, {} ({:.2f} bits per weight; the input has {}, {:.2f}); error of the weights {:.2g} "
      "%\n",
      printable(out, 4096), recipe_name(recipe), human_bytes(done.file_bytes),
      bits_per_weight(done.bytes_after(), done), human_bytes(done.bytes_before()),
      bits_per_weight(done.bytes_before(), done), done.relative_error() * 100.0);
}

/// Quantising twice adds both errors up.
void remark_on_input(const Invocation& invocation, const Quantisation& done) {
  for (const QuantisedTensor& tensor : done.tensors) {
    if (tensor.from != tensor.to && block_shape(tensor.from)->values > 1) {
      remark(invocation,
             fmt::format("assay: {} was in {} already: both errors add up (a file in F32, F16 or "
                         "BF16 gives a better one)",
                         printable(tensor.name), format_name(tensor.from)));
      return;
    }
  }
}

Result<int> run(const Invocation& invocation) {
  for (const char* place : {"in", "out", "format"}) {
    if (invocation.has(place)) continue;
    return fail(ErrorCode::usage, "expected three arguments: IN.gguf OUT.gguf FORMAT", {},
                "see `assay quantize --help`");
  }
  const auto recipe = recipe_of(invocation);
  if (!recipe) return pass_on(recipe);
  const std::string& in = invocation.get<std::string>("in");
  const std::string& out = invocation.get<std::string>("out");
  const auto model = check_gguf_model(in);
  if (!model) return pass_on(model);
  std::error_code not_there;
  if (std::filesystem::equivalent(in, out, not_there)) {
    return fail(ErrorCode::usage, "OUT.gguf: is the input (expected another file)",
                printable(out, 4096), "what a format loses cannot be brought back");
  }
  const auto engine = choose_engine(invocation, probe_this_machine());
  if (!engine) return pass_on(engine);
  auto file = OutputFile::create(out);
  if (!file) return pass_on(file);
  ThreadPool pool(engine->threads);
  ProgressLine progress(invocation);
  const auto done = quantise_model(
      model->file, *recipe, pool, *file, invocation.stop,
      [&](std::string_view tensor, double fraction) { progress.show(tensor, fraction); });
  progress.finish();
  if (!done) return pass_on(done);
  if (auto committed = file->commit(); !committed) return pass_on(committed);
  remark_on_input(invocation, *done);
  const std::string answer =
      invocation.json ? json_text(document(in, out, *recipe, *done)) : summary(out, *recipe, *done);
  if (invocation.quiet && !invocation.json && !invocation.output) return k_exit_yes;
  if (auto delivered = deliver(invocation, answer); !delivered) return pass_on(delivered);
  return k_exit_yes;
}

}  // namespace

Command quantize_command() {
  return {.name = "quantize",
          .summary = "write a model's weights in another format",
          .usage = "assay quantize IN.gguf OUT.gguf FORMAT [options]",
          .examples =
              "  assay quantize llama-F16.gguf llama-Q4_K_M.gguf Q4_K_M\n"
              "  assay quantize llama-F16.gguf llama-Q8_0.gguf q8_0 --json\n",
          .declare = declare,
          .run = run};
}

}  // namespace assay
