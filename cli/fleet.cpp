#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "advisor/policy.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "reports/fleet.hpp"

namespace assay {
namespace {

using Texts = std::vector<std::string>;
using Paths = std::vector<std::filesystem::path>;

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  add("action", options::value<Texts>()->value_name("ACTION"),
      "import PATH..., report [PATH...], list, or simulate");
  add("store", options::value<std::string>()->value_name("FILE"),
      "the fleet's database (default: fleet.sqlite where results are kept)");
  add("model", options::value<std::string>()->value_name("ID"),
      "report, list: only this model, and how each machine stands");
  add("format", options::value<std::string>()->value_name("F")->default_value("text"),
      "report, list: text, json or csv");
  add("strict", "import, report PATH: fail when a document could not be read (exit code 3)");
  add("machines", options::value<std::uint64_t>()->value_name("N")->default_value(100),
      "simulate: documents to write");
  add("broken", options::value<std::uint64_t>()->value_name("K")->default_value(0),
      "simulate: of these, how many cannot be read");
  add("seed", options::value<std::uint64_t>()->value_name("S")->default_value(1),
      "simulate: another seed, another fleet");
  add("out", options::value<std::string>()->value_name("DIR"), "simulate: where to write");
  places.add("action", -1);
}

enum class Format { text, json, csv };

Result<Format> wanted_format(const Invocation& invocation) {
  if (invocation.json) return Format::json;
  const std::string& name = invocation.get<std::string>("format");
  if (name == "text") return Format::text;
  if (name == "json") return Format::json;
  if (name == "csv") return Format::csv;
  return fail(ErrorCode::usage,
              fmt::format("--format: {} (expected text, json or csv)", printable(name, 40)));
}

std::optional<std::string> wanted_model(const Invocation& invocation) {
  if (!invocation.has("model")) return std::nullopt;
  return invocation.get<std::string>("model");
}

Result<std::filesystem::path> store_path(const Invocation& invocation) {
  if (invocation.has("store")) return std::filesystem::path(invocation.get<std::string>("store"));
  if (!invocation.state.empty()) return invocation.state / "fleet.sqlite";
  return fail(ErrorCode::usage, "there is no place to keep a fleet", {},
              "name a file with --store, or set HOME or ASSAY_STATE");
}

Result<int> finish(const Invocation& invocation, std::string_view text) {
  if (auto delivered = deliver(invocation, text); !delivered) return pass_on(delivered);
  return k_exit_yes;
}

Result<int> check_strict(const Invocation& invocation, const ImportSummary& summary, int code) {
  if (!invocation.has("strict") || summary.skipped == 0) return code;
  return fail(ErrorCode::refused_input, fmt::format("{} of {} documents could not be read",
                                                    summary.skipped, summary.documents));
}

Result<int> run_import(const Invocation& invocation, const Paths& paths) {
  if (paths.empty()) {
    return fail(ErrorCode::usage, "nothing to import", {}, "assay fleet import PATH...");
  }
  auto path = store_path(invocation);
  if (!path) return pass_on(path);
  auto store = FleetStore::open_or_create(*path);
  if (!store) return pass_on(store);
  const auto summary = import_results(*store, paths, {.stop = invocation.stop});
  if (!summary) return pass_on(summary);
  auto code = finish(invocation,
                     invocation.json ? json_text(import_json(*summary)) : import_text(*summary));
  if (!code) return code;
  return check_strict(invocation, *summary, *code);
}

/// Machines one by one, as rows of the wanted format.
Result<std::string> machine_rows(const FleetStore& store, const std::optional<std::string>& model,
                                 Format format) {
  const bool with_model = model.has_value();
  std::string text;
  if (format == Format::csv) text = fleet_machine_csv_header(with_model);
  if (format == Format::text) text = fleet_machine_text_header(with_model);
  Json rows = Json::array();
  auto listed = for_each_machine(store, model, [&](const FleetMachine& machine) {
    if (format == Format::csv) text += fleet_machine_csv(machine, with_model);
    if (format == Format::text) text += fleet_machine_text(machine, with_model);
    if (format == Format::json) rows.push_back(fleet_machine_json(machine, with_model));
  });
  if (!listed) return pass_on(listed);
  if (format != Format::json) return text;
  Json document;
  document["schema"] = "assay.fleet-machines/1";
  document["machines"] = std::move(rows);
  return json_text(document);
}

Result<std::string> report_text(const FleetStore& store, const std::optional<std::string>& model,
                                Format format) {
  auto policy = builtin_policy();
  if (!policy) return pass_on(policy);
  const auto report = fleet_report(store, policy->memory_tight, model);
  if (!report) return pass_on(report);
  if (format == Format::csv) return fleet_report_csv(*report);
  if (format == Format::json) return json_text(fleet_report_json(*report));
  return fleet_report_text(*report);
}

/// The store of --store, or one in memory that holds what lies below `paths`.
Result<FleetStore> store_to_read(const Invocation& invocation, const Paths& paths,
                                 ImportSummary& summary) {
  if (paths.empty()) {
    auto path = store_path(invocation);
    if (!path) return pass_on(path);
    return FleetStore::open_existing(*path);
  }
  auto store = FleetStore::in_memory();
  if (!store) return store;
  auto imported = import_results(*store, paths, {.stop = invocation.stop});
  if (!imported) return pass_on(imported);
  summary = std::move(*imported);
  return store;
}

Result<int> run_report(const Invocation& invocation, const Paths& paths) {
  const auto format = wanted_format(invocation);
  if (!format) return pass_on(format);
  ImportSummary summary;
  auto store = store_to_read(invocation, paths, summary);
  if (!store) return pass_on(store);
  const auto text = report_text(*store, wanted_model(invocation), *format);
  if (!text) return pass_on(text);
  auto code = finish(invocation, *text);
  if (!code) return code;
  return check_strict(invocation, summary, *code);
}

Result<int> run_list(const Invocation& invocation, const Paths& paths) {
  const auto format = wanted_format(invocation);
  if (!format) return pass_on(format);
  ImportSummary summary;
  auto store = store_to_read(invocation, paths, summary);
  if (!store) return pass_on(store);
  const auto text = machine_rows(*store, wanted_model(invocation), *format);
  if (!text) return pass_on(text);
  auto code = finish(invocation, *text);
  if (!code) return code;
  return check_strict(invocation, summary, *code);
}

Result<int> run_simulate(const Invocation& invocation, const Paths&) {
  if (!invocation.has("out")) {
    return fail(ErrorCode::usage, "simulate needs a folder to write to", {},
                "assay fleet simulate --machines 1000 --broken 20 --out DIR");
  }
  SimulateOptions wanted;
  wanted.machines = invocation.get<std::uint64_t>("machines");
  wanted.broken = invocation.get<std::uint64_t>("broken");
  wanted.seed = invocation.get<std::uint64_t>("seed");
  const std::filesystem::path directory = invocation.get<std::string>("out");
  const auto fleet = simulate_fleet(wanted, directory);
  if (!fleet) return pass_on(fleet);
  return finish(invocation, invocation.json ? json_text(simulated_fleet_json(*fleet))
                                            : simulated_fleet_text(*fleet));
}

struct Action {
  std::string_view name;
  Result<int> (*run)(const Invocation& invocation, const Paths& paths);
};

constexpr std::array k_actions{Action{"import", run_import}, Action{"report", run_report},
                               Action{"list", run_list}, Action{"simulate", run_simulate}};

Result<int> run(const Invocation& invocation) {
  const Texts words = invocation.has("action") ? invocation.get<Texts>("action") : Texts{};
  std::vector<std::string> names;
  for (const Action& action : k_actions) names.emplace_back(action.name);
  if (words.empty()) {
    return fail(ErrorCode::usage, fmt::format("fleet does one of: {}", fmt::join(names, ", ")), {},
                "see `assay fleet --help`");
  }
  for (const Action& action : k_actions) {
    if (action.name == words.front()) {
      return action.run(invocation, Paths(words.begin() + 1, words.end()));
    }
  }
  const auto nearest = nearest_names(words.front(), names);
  return fail(ErrorCode::usage, fmt::format("unknown action '{}'", printable(words.front(), 40)),
              {},
              nearest.empty() ? fmt::format("fleet does one of: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean {}?", fmt::join(nearest, " or ")));
}

}  // namespace

Command fleet_command() {
  return {.name = "fleet",
          .summary = "What many machines are ready for, from their result documents",
          .usage = "assay fleet import PATH... | report [PATH...] | list [PATH...] | simulate",
          .examples =
              "  assay fleet import /srv/results\n"
              "  assay fleet report\n"
              "  assay fleet report /srv/results --format csv -o readiness.csv\n"
              "  assay fleet list --model qwen3-4b\n"
              "  assay fleet simulate --machines 1000 --broken 20 --seed 7 --out trial\n\n"
              "Of each machine the newest result counts; documents that cannot be read are "
              "skipped and counted.",
          .declare = declare,
          .run = run};
}

}  // namespace assay
