#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/tensor_plan.hpp"

namespace assay {

/// What a workload asks of a model: tokens in, tokens out, and how deep in the context it starts.
struct WorkloadSpec {
  std::string name;  // "pp512", "chat"
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  std::uint32_t context_depth = 0;
};

/// "pp512", "tg128@4096", "pp128+tg32": what a workload is called that has no name of its own.
std::string workload_name(std::uint32_t prompt_tokens, std::uint32_t generated_tokens,
                          std::uint32_t context_depth);

/// A synthetic shape of the suite. `layers` of the spec is the full model's.
struct SuiteShape {
  std::string id;  // "dense-1b", "moe-7b-a1b"
  ModelSpec spec;
};

/// One cell: which workload on which shape in which format; `layers` > 0 runs a slice of so many
/// layers.
struct SuiteCell {
  std::string workload;
  std::string shape;
  Recipe recipe;
  std::uint32_t layers = 0;
};

/// How thoroughly the cells of a tier are measured.
struct TierRules {
  double cell_seconds = 0.0;  // the box of one cell, warm-up included, loading not
  std::uint32_t warmups = 1;
  std::uint32_t min_repetitions = 6;
  std::uint32_t max_repetitions = 10;
  double target_half_width_ratio = 0.05;
};

struct Suite {
  std::string name;  // "slm-suite-1"
  std::vector<WorkloadSpec> workloads;
  std::vector<SuiteShape> shapes;
  std::vector<SuiteCell> quick;
  std::vector<SuiteCell> standard;
  std::vector<SuiteCell> full;
  TierRules quick_rules;
  TierRules standard_rules;
  TierRules full_rules;
  [[nodiscard]] const WorkloadSpec* workload(std::string_view name) const;
  [[nodiscard]] const SuiteShape* shape(std::string_view id) const;
};

/// The suite that is compiled in (configs/workloads/slm-suite-1.json). Errors: internal when the
/// file is broken.
Result<Suite> builtin_suite();
/// A suite as JSON. Errors: refused_input, `SOURCE: FIELD: what was found (what was expected)`.
Result<Suite> parse_suite(std::string_view json, const std::string& source);

/// The tiers that a user can name, the shortest first.
std::span<const std::string_view> suite_tiers();
/// Nothing for a name that is no tier.
const std::vector<SuiteCell>* tier_cells(const Suite& suite, std::string_view tier);
const TierRules* tier_rules(const Suite& suite, std::string_view tier);

/// The shape cut to its first `layers` layers (0: all of them).
ModelSpec sliced(const ModelSpec& spec, std::uint32_t layers);

}  // namespace assay
