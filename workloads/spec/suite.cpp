#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "workloads/spec/shape.hpp"
#include "workloads/workload_spec.hpp"

namespace assay {
namespace {

constexpr std::string_view k_file = "workloads/slm-suite-1.json";
constexpr std::string_view k_schema = "assay.suite/1";
// Longer contexts than any model of the field was trained for.
constexpr std::uint64_t k_most_tokens = 1U << 20;

struct Tier {
  std::string_view name;
  std::vector<SuiteCell> Suite::* cells;
  TierRules Suite::* rules;
};
constexpr std::array<Tier, 3> k_tiers{{{"quick", &Suite::quick, &Suite::quick_rules},
                                       {"standard", &Suite::standard, &Suite::standard_rules},
                                       {"full", &Suite::full, &Suite::full_rules}}};
constexpr std::array<std::string_view, 3> k_tier_names{"quick", "standard", "full"};

const Tier* find_tier(std::string_view name) {
  const auto* found = std::ranges::find(k_tiers, name, &Tier::name);
  return found == k_tiers.end() ? nullptr : found;
}

Result<std::uint32_t> count_up_to(const JsonFields& fields, std::string_view key,
                                  std::uint64_t most) {
  auto value = fields.count(key);
  if (!value) return pass_on(value);
  if (*value > most) {
    return fields.refuse(
        key, std::to_string(*value) + " found (expected at most " + std::to_string(most) + ")");
  }
  return static_cast<std::uint32_t>(*value);
}

Result<WorkloadSpec> workload_from(const JsonFields& fields) {
  auto name = fields.text("name");
  if (!name) return pass_on(name);
  WorkloadSpec workload;
  workload.name = std::move(*name);
  for (const auto& [key, into] : {std::pair{"prompt_tokens", &workload.prompt_tokens},
                                  std::pair{"generated_tokens", &workload.generated_tokens},
                                  std::pair{"context_depth", &workload.context_depth}}) {
    auto tokens = count_up_to(fields, key, k_most_tokens);
    if (!tokens) return pass_on(tokens);
    *into = *tokens;
  }
  if (workload.prompt_tokens == 0 && workload.generated_tokens == 0) {
    return fields.refuse("prompt_tokens", "0, and generated_tokens too (expected work to do)");
  }
  return workload;
}

Result<TierRules> rules_from(const JsonFields& fields) {
  TierRules rules;
  auto seconds = fields.number("cell_seconds");
  if (!seconds) return pass_on(seconds);
  auto target = fields.number("target_half_width_ratio");
  if (!target) return pass_on(target);
  if (*seconds <= 0.0) return fields.refuse("cell_seconds", "not above 0");
  if (*target <= 0.0) return fields.refuse("target_half_width_ratio", "not above 0");
  rules.cell_seconds = *seconds;
  rules.target_half_width_ratio = *target;
  constexpr std::uint64_t k_most_repetitions = 1000;
  for (const auto& [key, into] :
       {std::pair{"warmups", &rules.warmups}, std::pair{"min_repetitions", &rules.min_repetitions},
        std::pair{"max_repetitions", &rules.max_repetitions}}) {
    auto count = count_up_to(fields, key, k_most_repetitions);
    if (!count) return pass_on(count);
    *into = *count;
  }
  if (rules.min_repetitions == 0 || rules.max_repetitions < rules.min_repetitions) {
    return fields.refuse("max_repetitions", "below min_repetitions, or those are 0");
  }
  return rules;
}

/// The names of one list of a group of cells, each checked by `known`.
template <typename Known>
Result<std::vector<std::string>> names_from(const JsonFields& fields, std::string_view key,
                                            Known known) {
  auto names = fields.texts(key);
  if (!names) return pass_on(names);
  if (names->empty()) return fields.refuse(key, "empty (expected at least one name)");
  for (const std::string& name : *names) {
    if (!known(name)) return fields.refuse(key, "\"" + name + "\" is not declared in this suite");
  }
  return names;
}

/// One group stands for every combination of its lists; shapes vary slowest, workloads fastest.
Result<void> add_group(const JsonFields& fields, const Suite& suite,
                       std::vector<SuiteCell>& cells) {
  auto workloads = names_from(fields, "workloads", [&suite](const std::string& name) {
    return suite.workload(name) != nullptr;
  });
  if (!workloads) return pass_on(workloads);
  auto shapes = names_from(
      fields, "shapes", [&suite](const std::string& name) { return suite.shape(name) != nullptr; });
  if (!shapes) return pass_on(shapes);
  auto formats = names_from(fields, "formats", [](const std::string& name) {
    return recipe_from_name(name).has_value();
  });
  if (!formats) return pass_on(formats);
  auto layers = fields.numbers("layers");
  if (!layers) return pass_on(layers);
  for (const std::string& shape : *shapes) {
    for (const std::string& format : *formats) {
      for (const double depth : *layers) {
        const auto full = suite.shape(shape)->spec.layers.size();
        if (depth < 0.0 || depth > static_cast<double>(full)) {
          return fields.refuse("layers", shape + " has " + std::to_string(full) + " layers");
        }
        for (const std::string& workload : *workloads) {
          cells.push_back(
              {workload, shape, *recipe_from_name(format), static_cast<std::uint32_t>(depth)});
        }
      }
    }
  }
  return {};
}

Result<void> read_tier(const JsonFields& tiers, const Tier& tier, Suite& suite) {
  auto fields = tiers.object(tier.name);
  if (!fields) return pass_on(fields);
  auto rules = rules_from(*fields);
  if (!rules) return pass_on(rules);
  suite.*tier.rules = *rules;
  auto groups = fields->objects("cells");
  if (!groups) return pass_on(groups);
  for (const JsonFields& group : *groups) {
    if (auto added = add_group(group, suite, suite.*tier.cells); !added) return pass_on(added);
  }
  return {};
}

Result<void> read_workloads(const JsonFields& root, Suite& suite) {
  auto workloads = root.objects("workloads");
  if (!workloads) return pass_on(workloads);
  for (const JsonFields& fields : *workloads) {
    auto workload = workload_from(fields);
    if (!workload) return pass_on(workload);
    if (suite.workload(workload->name) != nullptr) {
      return fields.refuse("name", "\"" + workload->name + "\" comes twice");
    }
    suite.workloads.push_back(std::move(*workload));
  }
  return {};
}

Result<void> read_shapes(const JsonFields& root, Suite& suite) {
  auto shapes = root.objects("shapes");
  if (!shapes) return pass_on(shapes);
  for (const JsonFields& fields : *shapes) {
    auto shape = shape_from(fields);
    if (!shape) return pass_on(shape);
    if (suite.shape(shape->id) != nullptr) {
      return fields.refuse("id", "\"" + shape->id + "\" comes twice");
    }
    suite.shapes.push_back(std::move(*shape));
  }
  return {};
}

}  // namespace

std::string workload_name(std::uint32_t prompt_tokens, std::uint32_t generated_tokens,
                          std::uint32_t context_depth) {
  std::string name;
  if (prompt_tokens > 0) name = fmt::format("pp{}", prompt_tokens);
  if (generated_tokens > 0) {
    name = fmt::format("{}{}tg{}", name, name.empty() ? "" : "+", generated_tokens);
  }
  return context_depth > 0 ? fmt::format("{}@{}", name, context_depth) : name;
}

const WorkloadSpec* Suite::workload(std::string_view wanted) const {
  const auto found = std::ranges::find(workloads, wanted, &WorkloadSpec::name);
  return found == workloads.end() ? nullptr : &*found;
}

const SuiteShape* Suite::shape(std::string_view wanted) const {
  const auto found = std::ranges::find(shapes, wanted, &SuiteShape::id);
  return found == shapes.end() ? nullptr : &*found;
}

std::span<const std::string_view> suite_tiers() { return k_tier_names; }

const std::vector<SuiteCell>* tier_cells(const Suite& suite, std::string_view tier) {
  const Tier* found = find_tier(tier);
  return found == nullptr ? nullptr : &(suite.*found->cells);
}

const TierRules* tier_rules(const Suite& suite, std::string_view tier) {
  const Tier* found = find_tier(tier);
  return found == nullptr ? nullptr : &(suite.*found->rules);
}

ModelSpec sliced(const ModelSpec& spec, std::uint32_t layers) {
  ModelSpec slice = spec;
  if (layers > 0 && layers < slice.layers.size()) slice.layers.resize(layers);
  return slice;
}

Result<Suite> parse_suite(std::string_view json, const std::string& source) {
  auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields root(*document, source);
  auto schema = root.text("schema");
  if (!schema) return pass_on(schema);
  if (*schema != k_schema) {
    return root.refuse("schema",
                       "\"" + *schema + "\" found (expected \"" + std::string(k_schema) + "\")");
  }
  Suite suite;
  auto name = root.text("name");
  if (!name) return pass_on(name);
  suite.name = std::move(*name);
  if (auto read = read_workloads(root, suite); !read) return pass_on(read);
  if (auto read = read_shapes(root, suite); !read) return pass_on(read);
  auto tiers = root.object("tiers");
  if (!tiers) return pass_on(tiers);
  for (const Tier& tier : k_tiers) {
    if (auto read = read_tier(*tiers, tier, suite); !read) return pass_on(read);
  }
  return suite;
}

Result<Suite> builtin_suite() {
  const auto text = embedded_file(k_file);
  if (!text) return fail(ErrorCode::internal, "is not compiled in", std::string(k_file));
  auto suite = parse_suite(*text, std::string(k_file));
  if (!suite) suite.error().code = ErrorCode::internal;
  return suite;
}

}  // namespace assay
