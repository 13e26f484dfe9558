#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "advisor/engine_factor.hpp"
#include "advisor/engine_results.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/asked_model.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "cli/engine_factors.hpp"
#include "cli/new_assessment.hpp"
#include "cli/prior_knowledge.hpp"

namespace assay {
namespace {

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  add("file", options::value<std::string>()->value_name("FILE"),
      "what `llama-bench -o json` (or jsonl) wrote on this machine, or the simple form of "
      "docs/method.md; without one: what has been imported");
  add("model", options::value<std::string>()->value_name("MODEL"),
      "the model of all rows: a name of the catalogue, a GGUF file or a config.json (default: by "
      "each row's name and size)");
  add("force", "take results of another processor too");
  add("forget", "remove everything that was imported");
  places.add("file", 1);
}

/// Brands as people and systems write them: case, spaces and marks do not count.
std::string plain_brand(std::string_view brand) {
  std::string kept;
  for (const char letter : brand) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0) kept += static_cast<char>(std::tolower(byte));
  }
  return kept;
}

/// Another machine's speeds say nothing of this one. Errors: refused_input.
Result<void> check_processor(const std::vector<EngineRow>& rows, const MachineProfile& machine,
                             const std::string& file) {
  const std::string here = machine.cpu.brand.value_or("");
  for (const EngineRow& row : rows) {
    if (!here.empty() && plain_brand(row.cpu) == plain_brand(here)) continue;
    return fail(ErrorCode::refused_input,
                fmt::format("{}: ran on \"{}\" (expected this machine's processor, \"{}\")",
                            row.place, printable(row.cpu, 60), printable(here, 60)),
                file, "--force takes it all the same: the factors then mix two machines");
  }
  return {};
}

/// The model of a row with its plan in the row's format. Errors: unknown, usage, refused_input.
Result<AskedModel> asked_model(const Invocation& invocation, const EngineRow& row,
                               const Catalogue& catalogue) {
  const auto recipe = recipe_from_name(row.format);
  if (invocation.has("model")) {
    const auto& name = invocation.get<std::string>("model");
    return find_asked_model(name, name.ends_with(".gguf") ? std::nullopt : recipe, catalogue);
  }
  if (!recipe) {
    return fail(ErrorCode::unknown, fmt::format("its format '{}' is not one that Assay knows",
                                                printable(row.format, 20)));
  }
  const auto entry = model_of_row(row, catalogue);
  if (!entry) return pass_on(entry);
  return find_asked_model((*entry)->id, recipe, catalogue);
}

/// The calibration for each thread count, made once.
class Calibrations {
 public:
  Calibrations(const Invocation& invocation, const MachineProfile& machine)
      : invocation_(invocation), machine_(machine) {}

  Result<Calibration> with(unsigned threads) {
    auto found = by_threads_.find(threads);
    if (found == by_threads_.end()) {
      auto prior = prior_knowledge(invocation_, machine_, threads);
      found =
          by_threads_
              .emplace(threads, prior ? std::optional(std::move(prior->calibration)) : std::nullopt)
              .first;
    }
    if (found->second) return *found->second;
    return fail(ErrorCode::unknown,
                fmt::format("this machine is not calibrated for {} thread{} (`assay assess "
                            "--threads {}`)",
                            threads, threads == 1 ? "" : "s", threads));
  }

 private:
  const Invocation& invocation_;
  const MachineProfile& machine_;
  std::map<unsigned, std::optional<Calibration>> by_threads_;
};

/// What an import took, and why it left the rest.
struct Import {
  std::vector<EngineFactor> taken;
  std::vector<std::string> left_out;
};

Result<EngineFactor> take_row(const Invocation& invocation, const EngineRow& row,
                              const Catalogue& catalogue, Calibrations& calibrations) {
  if (!row.unusable.empty()) return fail(ErrorCode::unknown, row.unusable);
  auto asked = asked_model(invocation, row, catalogue);
  if (!asked) return pass_on(asked);
  const auto calibration = calibrations.with(row.threads);
  if (!calibration) return pass_on(calibration);
  auto factor = factor_of(row, asked->name, asked->spec, asked->plan, *calibration);
  if (factor) factor->format = asked->format;
  return factor;
}

Result<Import> import_file(const Invocation& invocation, const MachineProfile& machine) {
  const auto& file = invocation.get<std::string>("file");
  const auto text = read_file(file, k_most_engine_results);
  if (!text) return pass_on(text);
  const auto rows = parse_engine_results(*text, file);
  if (!rows) return pass_on(rows);
  if (!invocation.has("force")) {
    if (auto here = check_processor(*rows, machine, file); !here) return pass_on(here);
  }
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  Calibrations calibrations(invocation, machine);
  const std::string now = new_assessment("import").started_at;
  Import import;
  for (const EngineRow& row : *rows) {
    auto factor = take_row(invocation, row, *catalogue, calibrations);
    if (factor) {
      factor->imported_at = now;
      import.taken.push_back(std::move(*factor));
    } else if (factor.error().code == ErrorCode::unknown) {
      import.left_out.push_back(fmt::format("row {}: {}", row.place, factor.error().text()));
    } else {
      return pass_on(factor);
    }
  }
  return import;
}

std::string work_words(const EngineFactor& factor) {
  if (!factor.is_decode()) return fmt::format("prefill of {}", factor.prompt_tokens);
  return factor.depth == 0
             ? fmt::format("decode of {}", factor.generated_tokens)
             : fmt::format("decode of {} at {}", factor.generated_tokens, factor.depth);
}

std::string people_text(const std::vector<EngineFactor>& factors) {
  if (factors.empty()) {
    return "No speeds of other engines have been imported on this machine: `llama-bench -o json`, "
           "then `assay import FILE`.\n";
  }
  std::size_t width = 5;
  for (const EngineFactor& one : factors) width = std::max(width, one.model.size());
  std::string text =
      fmt::format("{:<12} {:<{}} {:<7} {:>7}  {:<20} {:>9} {:>11} {:>7}\n", "engine", "model",
                  width, "format", "threads", "work", "tokens/s", "Assay's (p)", "factor");
  for (const EngineFactor& one : factors) {
    text += fmt::format("{:<12} {:<{}} {:<7} {:>7}  {:<20} {:>9.1f} {:>11.1f} {:>7.2f}\n",
                        printable(one.engine, 12), printable(one.model, 60), width,
                        printable(one.format, 7), one.threads, work_words(one),
                        one.tokens_per_second, one.predicted_tokens_per_second, one.ratio());
  }
  return text + "p predicted for the same work by the calibration of this machine\n";
}

std::string document_text(const std::vector<EngineFactor>& factors, const Import& import) {
  Json json;
  json["schema"] = "assay.import/1";
  json["factors"] = Json::array();
  for (const EngineFactor& one : factors) json["factors"].push_back(engine_factor_to_json(one));
  json["taken"] = import.taken.size();
  json["left_out"] = import.left_out;
  return json_text(json);
}

Result<int> forget(const Invocation& invocation, const MachineProfile& machine) {
  if (auto done = store_factors(invocation.state, machine.id, {}); !done) return pass_on(done);
  remark(invocation, "nothing of other engines is kept any more");
  if (invocation.json) {
    if (auto shown = deliver(invocation, document_text({}, {})); !shown) return pass_on(shown);
  }
  return k_exit_yes;
}

Result<int> run(const Invocation& invocation) {
  const MachineProfile machine = probe_this_machine();
  if (invocation.has("forget")) return forget(invocation, machine);
  auto factors = stored_factors(invocation.state, machine.id);
  if (!factors) return pass_on(factors);
  Import import;
  if (invocation.has("file")) {
    auto read = import_file(invocation, machine);
    if (!read) return pass_on(read);
    import = std::move(*read);
    for (const std::string& left : import.left_out) {
      remark(invocation, fmt::format("assay: left out {}", printable(left, 300)));
    }
    if (!import.taken.empty()) {
      merge_factors(*factors, import.taken);
      if (auto kept = store_factors(invocation.state, machine.id, *factors); !kept) {
        return pass_on(kept);
      }
    }
  }
  const std::string text =
      invocation.json ? document_text(*factors, import) : people_text(*factors);
  if (auto shown = deliver(invocation, text); !shown) return pass_on(shown);
  const bool nothing = invocation.has("file") ? import.taken.empty() : factors->empty();
  return nothing ? k_exit_cannot_tell : k_exit_yes;
}

}  // namespace

Command import_command() {
  return {.name = "import",
          .summary = "take in speeds of another engine (llama-bench), for what you would see there",
          .usage = "assay import [FILE] [--model MODEL] [--force] | --forget",
          .examples =
              "  llama-bench -m Qwen3-1.7B-Q4_K_M.gguf -o json > bench.json\n"
              "  assay import bench.json          what that engine reaches beside Assay's "
              "prediction\n"
              "  assay can-run qwen3-4b           then says what you would see in llama.cpp\n"
              "  assay import                     what has been imported\n"
              "Exit codes: 3 the file was refused or is of another processor, 6 no row could be "
              "used.",
          .declare = declare,
          .run = run};
}

}  // namespace assay
