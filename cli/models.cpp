#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "advisor/catalogue.hpp"
#include "advisor/prediction.hpp"
#include "base/json.hpp"
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
  if (!spec.is_moe()) return fmt::format("feed-forward width {}", spec.layers.front().d_ff);
  return fmt::format("{} experts of width {}, {} used", spec.moe.experts, spec.moe.d_expert,
                     spec.moe.used);
}

std::string one_text(const CatalogueEntry& entry) {
  const ModelSpec& spec = entry.spec;
  const AttentionSpec& attention = spec.layers.front().attention;
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
  return json.dump(2) + "\n";
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
  CatalogueFilter filter;
  filter.family = invocation.get<std::string>("family");
  filter.use = invocation.get<std::string>("use");
  filter.license = invocation.get<std::string>("license");
  filter.vendor = invocation.get<std::string>("vendor");
  return matching(catalogue, filter);
}

Result<int> run(const Invocation& invocation) {
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
  return {.name = "models",
          .summary = "list the catalogue of models, or show one",
          .usage = "assay models [ID] [--family NAME] [--use USE] [--license NAME]",
          .examples =
              "  assay models\n"
              "  assay models qwen3-4b\n"
              "  assay models --use code --license Apache-2.0",
          .declare = declare,
          .run = run};
}

}  // namespace assay
