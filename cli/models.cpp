#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "advisor/catalogue.hpp"
#include "advisor/file_size.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/number.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"

namespace assay {
namespace {

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  const auto text = [](const char* name) {
    return options::value<std::string>()->value_name(name)->default_value("");
  };
  add("id", text("ID"), "one model, with its shape, sizes and sources");
  add("family", text("NAME"), "only models of this family");
  add("vendor", text("NAME"), "only models of this vendor");
  add("use", text("USE"), "only models made for it: chat, code, reasoning, multilingual");
  add("license", text("NAME"), "only models under this licence; `unknown` where no source says");
  add("min-size", text("SIZE"), "only models of at least so many parameters: 1B, 600M");
  add("max-size", text("SIZE"), "only models of at most so many parameters");
  add("engine", text("runs|predicts"),
      "only models that the reference engine runs, or those that it can only predict");
  add("row", text("config.json"),
      "the shape in a published configuration, as a row to add to the catalogue");
  places.add("id", 1);
}

std::string billions(std::uint64_t parameters) {
  return fmt::format("{:.2f}", static_cast<double>(parameters) / 1e9);
}

/// What a shape says of itself; every catalogue model has a plan (a test makes sure).
TensorPlan plan_of(const CatalogueEntry& entry, Recipe recipe) {
  return tensor_plan(entry.spec, recipe).value_or(TensorPlan{});
}

std::string list_text(const std::vector<const CatalogueEntry*>& entries) {
  std::string text =
      fmt::format("{:<30} {:<20} {:>7} {:>7} {:>8}  {:<8} {:<8} {:<18} {}\n", "model", "family",
                  "billion", "active", "context", "released", "engine", "licence", "made for");
  for (const CatalogueEntry* entry : entries) {
    const TensorPlan plan = plan_of(*entry, Recipe::f16);
    text +=
        fmt::format("{:<30} {:<20} {:>7} {:>7} {:>8}  {:<8} {:<8} {:<18} {}\n", entry->id,
                    entry->family, billions(plan.parameters()), billions(plan.active_parameters()),
                    entry->spec.trained_context, entry->release.value_or("unknown"),
                    entry->engine_runs ? "runs" : "predicts", entry->license.value_or("unknown"),
                    fmt::join(entry->uses, ", "));
  }
  const auto runs = std::count_if(entries.begin(), entries.end(),
                                  [](const CatalogueEntry* entry) { return entry->engine_runs; });
  return text + fmt::format("{} models: the engine runs {}, the others it can only predict\n",
                            entries.size(), runs);
}

std::string ffn_text(const ModelSpec& spec) {
  const std::uint64_t width = widest(spec, [](const LayerSpec& layer) { return layer.d_ff; });
  if (!spec.is_moe()) return fmt::format("feed-forward width {}", width);
  return fmt::format("{} experts of width {}, {} used", spec.moe.experts, spec.moe.d_expert,
                     spec.moe.used);
}

std::string one_text(const CatalogueEntry& entry) {
  const ModelSpec& spec = entry.spec;
  const auto attends = std::ranges::find(spec.layers, Mixer::attention, &LayerSpec::mixer);
  const AttentionSpec attention =
      attends != spec.layers.end() ? attends->attention : AttentionSpec{};
  std::string text = fmt::format(
      "{}: {} by {}, released {}, licence {}\n  weights      {}\n  made for     {} (thinking: "
      "{})\n",
      entry.id, entry.family, entry.vendor, entry.release.value_or("unknown"),
      entry.license.value_or("unknown"), entry.repository, fmt::join(entry.uses, ", "),
      entry.thinking);
  text += fmt::format(
      "  shape        {}, {} layers, width {}, {} heads ({} for keys and values) of {}, {}\n"
      "               vocabulary {}, trained context {}, {}\n",
      spec.architecture, spec.layers.size(), spec.d_model, attention.heads, attention.kv_heads,
      attention.head_dim, ffn_text(spec), spec.vocabulary, spec.trained_context,
      spec.tied_embeddings ? "head tied to the embedding" : "head of its own");
  text += fmt::format(
      "  engine       {}\n",
      entry.engine_runs ? "the reference engine runs it"
                        : "the reference engine does not run it: its speed can only be predicted");
  text += "  file sizes  ";
  for (const Recipe recipe :
       {Recipe::f16, Recipe::q8_0, Recipe::q6_k, Recipe::q5_k_m, Recipe::q4_k_m, Recipe::q4_0}) {
    text += fmt::format(" {} {}", recipe_name(recipe),
                        human_bytes(file_bytes(spec, plan_of(entry, recipe))));
  }
  text += "\n";
  if (!entry.inferred_fields.empty()) {
    text += fmt::format("  inferred     {} (no source)\n", fmt::join(entry.inferred_fields, ", "));
  }
  for (const std::string& note : entry.notes) text += fmt::format("  note         {}\n", note);
  for (const std::string& source : entry.sources)
    text += fmt::format("  source       {}\n", source);
  return text;
}

Json entry_json(const CatalogueEntry& entry) {
  const TensorPlan plan = plan_of(entry, Recipe::f16);
  Json json;
  json["id"] = entry.id;
  json["family"] = entry.family;
  json["vendor"] = entry.vendor;
  json["repository"] = entry.repository;
  json["license"] = entry.license ? Json(*entry.license) : Json(nullptr);
  json["release"] = entry.release ? Json(*entry.release) : Json(nullptr);
  json["uses"] = entry.uses;
  json["thinking"] = entry.thinking;
  json["architecture"] = entry.spec.architecture;
  json["engine_runs"] = entry.engine_runs;
  json["parameters"] = plan.parameters();
  json["active_parameters"] = plan.active_parameters();
  json["trained_context"] = entry.spec.trained_context;
  json["inferred_fields"] = entry.inferred_fields;
  json["sources"] = entry.sources;
  return json;
}

std::string list_json(const std::vector<const CatalogueEntry*>& entries) {
  Json json;
  json["schema"] = "assay.models/1";
  json["models"] = Json::array();
  for (const CatalogueEntry* entry : entries) json["models"].push_back(entry_json(*entry));
  return json_text(json);
}

/// "7B", "600M", or a plain count.
Result<std::uint64_t> parameters_of(const std::string& option, const std::string& text) {
  double unit = 1.0;
  std::string_view digits = text;
  const auto last = static_cast<char>(std::toupper(static_cast<unsigned char>(text.back())));
  if (last == 'B' || last == 'M') {
    unit = last == 'B' ? 1e9 : 1e6;
    digits.remove_suffix(1);
  }
  const auto value = parse_number<double>(digits);
  constexpr double k_most = 1e15;  // far above every model
  if (!value || !(*value > 0.0 && *value * unit <= k_most)) {
    return fail(ErrorCode::usage,
                fmt::format("--{}: '{}' found (expected parameters as in 4B or 600M)", option,
                            printable(text, 40)));
  }
  return static_cast<std::uint64_t>(std::llround(*value * unit));
}

/// A name that no entry has is a slip of the pen, not an empty list.
Result<void> known_name(const std::string& option, const std::string& name,
                        const std::set<std::string>& names) {
  const auto lower = [](std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) {
      return static_cast<char>(std::tolower(letter));
    });
    return text;
  };
  const bool known = name.empty() || std::ranges::any_of(names, [&](const std::string& one) {
                       return lower(one) == lower(name);
                     });
  if (known) return {};
  const auto nearest = nearest_names(name, {names.begin(), names.end()});
  return fail(ErrorCode::usage, fmt::format("--{}: no model has '{}'", option, printable(name, 60)),
              {},
              nearest.empty() ? fmt::format("expected one of {}", fmt::join(names, ", "))
                              : fmt::format("did you mean {}?", fmt::join(nearest, " or ")));
}

Result<void> check_names(const CatalogueFilter& filter, const Catalogue& catalogue) {
  std::set<std::string> families;
  std::set<std::string> vendors;
  std::set<std::string> licenses;
  std::set<std::string> uses;
  for (const CatalogueEntry& entry : catalogue.entries) {
    families.insert(entry.family);
    vendors.insert(entry.vendor);
    licenses.insert(entry.license.value_or("unknown"));
    uses.insert(entry.uses.begin(), entry.uses.end());
  }
  for (const auto& [option, name, names] :
       {std::tuple{"family", &filter.family, &families},
        std::tuple{"vendor", &filter.vendor, &vendors},
        std::tuple{"license", &filter.license, &licenses}, std::tuple{"use", &filter.use, &uses}}) {
    if (auto known = known_name(option, *name, *names); !known) return known;
  }
  return {};
}

Result<CatalogueFilter> filter_of(const Invocation& invocation) {
  CatalogueFilter filter;
  filter.family = invocation.get<std::string>("family");
  filter.use = invocation.get<std::string>("use");
  filter.license = invocation.get<std::string>("license");
  filter.vendor = invocation.get<std::string>("vendor");
  for (const auto& [option, limit] : {std::pair{"min-size", &filter.least_parameters},
                                      std::pair{"max-size", &filter.most_parameters}}) {
    const auto& text = invocation.get<std::string>(option);
    if (text.empty()) continue;
    const auto parameters = parameters_of(option, text);
    if (!parameters) return pass_on(parameters);
    *limit = *parameters;
  }
  const auto& engine = invocation.get<std::string>("engine");
  if (engine.empty()) return filter;
  if (engine != "runs" && engine != "predicts") {
    return fail(ErrorCode::usage, fmt::format("--engine: '{}' found (expected runs or predicts)",
                                              printable(engine, 40)));
  }
  filter.engine_runs = engine == "runs";
  return filter;
}

Result<std::string> row_text(const std::string& path) {
  constexpr Bytes k_most_config = mebibytes(4);
  const auto text = read_file(path, k_most_config);
  if (!text) return pass_on(text);
  const auto row = catalogue_row_from_config_json(*text, path);
  if (!row) return pass_on(row);
  return json_text(*row);
}

Result<std::vector<const CatalogueEntry*>> selected(const Invocation& invocation,
                                                    const Catalogue& catalogue) {
  const auto& id = invocation.get<std::string>("id");
  if (!id.empty()) {
    if (const CatalogueEntry* entry = catalogue.find(id)) return std::vector{entry};
    const auto nearest = nearest_names(id, catalogue.ids());
    return fail(ErrorCode::usage, fmt::format("'{}' is not in the catalogue", printable(id, 60)),
                {},
                nearest.empty() ? "see `assay models`"
                                : fmt::format("did you mean {}?", fmt::join(nearest, " or ")));
  }
  const auto filter = filter_of(invocation);
  if (!filter) return pass_on(filter);
  if (auto known = check_names(*filter, catalogue); !known) return pass_on(known);
  return matching(catalogue, *filter);
}

Result<int> run(const Invocation& invocation) {
  if (const auto& config = invocation.get<std::string>("row"); !config.empty()) {
    const auto row = row_text(config);
    if (!row) return pass_on(row);
    if (auto done = deliver(invocation, *row); !done) return pass_on(done);
    return k_exit_yes;
  }
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  const auto entries = selected(invocation, *catalogue);
  if (!entries) return pass_on(entries);
  std::string text;
  if (invocation.json) {
    text = list_json(*entries);
  } else if (!invocation.get<std::string>("id").empty()) {
    text = one_text(*entries->front());
  } else {
    text = list_text(*entries);
  }
  if (auto done = deliver(invocation, text); !done) return pass_on(done);
  return k_exit_yes;
}

}  // namespace

Command models_command() {
  return {
      .name = "models",
      .summary = "list the catalogue of models, or show one",
      .usage = "assay models [ID] [--family NAME] [--use USE] [--license NAME] [--max-size SIZE]",
      .examples =
          "  assay models\n"
          "  assay models qwen3-4b\n"
          "  assay models --use code --license Apache-2.0 --max-size 8B\n"
          "  assay models --row config.json",
      .declare = declare,
      .run = run};
}

}  // namespace assay
