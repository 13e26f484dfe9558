#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/engine_choice.hpp"
#include "reference-engine/golden.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/tensor_plan.hpp"
#include "reference-engine/verification.hpp"

namespace assay {
namespace {

// Positions in the cache when a small model is compared: several tiles of the attention.
constexpr std::uint32_t k_depth = 300;

void declare(options::options_description& own,
             options::positional_options_description& /*places*/) {
  declare_engine_options(own);
}

/// All comparisons of one kernel, or of one model end to end, on one instruction set.
struct Check {
  std::string isa;
  std::string what;
  std::uint64_t shapes = 0;
  double nmse = 0.0;    // of the shape that came nearest to its bound, or broke it
  double bound = 0.0;   // of that shape
  std::string where{};  // the shape, or the step of a model, that this was
  bool passed = true;
};

/// One comparison.
struct Comparison {
  double nmse = 0.0;
  double bound = 0.0;
  std::string where{};
};

/// Whether a comparison is nearer to its bound (or further beyond it) than what was seen before.
bool is_worse(const Comparison& one, const Check& than) {
  return than.shapes == 0 || std::isnan(one.nmse) || one.nmse * than.bound > than.nmse * one.bound;
}

void add(std::vector<Check>& checks, const std::string& isa, const std::string& what,
         Comparison one) {
  auto same = std::find_if(checks.begin(), checks.end(), [&](const Check& check) {
    return check.isa == isa && check.what == what;
  });
  if (same == checks.end()) same = checks.insert(same, {.isa = isa, .what = what});
  Check& check = *same;
  check.passed = check.passed && one.nmse <= one.bound;
  if (!std::isnan(check.nmse) && is_worse(one, check)) {
    check.nmse = one.nmse;
    check.bound = one.bound;
    check.where = std::move(one.where);
  }
  ++check.shapes;
}

std::string shape_of(const KernelCheck& check) {
  return check.columns > 0 ? fmt::format("{} x {} x {}", check.rows, check.k, check.columns)
                           : fmt::format("{} values", check.k);
}

ModelSpec small_dense() {
  ModelSpec spec;
  spec.name = "dense";
  spec.d_model = 512;
  spec.layers =
      uniform_layers(3, {.attention = {.heads = 8, .kv_heads = 2, .head_dim = 64}, .d_ff = 1536});
  spec.vocabulary = 2000;
  spec.trained_context = 4096;
  spec.tied_embeddings = true;
  spec.rope().dims = 64;
  return spec;
}

ModelSpec small_moe() {
  ModelSpec spec = small_dense();
  spec.name = "MoE";
  spec.qk_norm = QkNorm::per_head;
  spec.rope().pairs = RopePairs::halves;
  spec.layers = uniform_layers(3, mixture_layer(spec.layers.front().attention));
  spec.moe = {.experts = 16, .used = 4, .d_expert = 512, .normalise_weights = true};
  return spec;
}

ModelSpec small_latent() {
  ModelSpec spec = small_moe();
  spec.name = "latent";
  spec.qk_norm = QkNorm::none;
  const LatentSpec latent{.rank = 256, .query_rank = 256, .key = 64, .rotated = 64, .value = 64};
  spec.layers = uniform_layers(
      3,
      mixture_layer(
          {.heads = 8, .kv_heads = 1, .head_dim = latent.rank + latent.rotated, .latent = latent}));
  spec.moe.router = RouterKind::sigmoid;
  spec.moe.d_shared = 512;
  spec.moe.groups = 4;
  spec.moe.groups_used = 2;
  return spec;
}

/// Each golden model that the program carries, against its float64 logits.
Result<void> check_goldens(const Invocation& invocation, const KernelTable& kernels,
                           ThreadPool& pool, std::vector<Check>& checks) {
  for (const std::string& name : embedded_golden_names()) {
    if (invocation.stop.stop_requested()) {
      return fail(ErrorCode::interrupted, "interrupted while verifying");
    }
    const auto golden = check_golden(name, kernels, pool);
    if (!golden) return pass_on(golden);
    add(checks, kernels.isa, fmt::format("golden {}, {}", name, golden->format),
        {golden->nmse, golden->bound, "all logits"});
  }
  return {};
}

/// What a session does with one token: the logits, and each step by itself.
void add_session(std::vector<Check>& checks, const std::string& isa, const std::string& what,
                 const SessionCheck& session) {
  add(checks, isa, what, {session.logit_nmse, session.logit_bound, "logits"});
  for (const StepCheck& step : session.steps) {
    add(checks, isa, what + ", steps", {step.nmse, step.bound, step.step});
  }
}

/// Every format in a dense model; in the others float32 and the usual mix, whose formats the dense
/// one has. Each costs as much time on the scalar table as all formats on a fast one, and it is the
/// definition: there the two do.
bool is_checked(Recipe recipe, const ModelSpec& spec, const KernelTable& kernels) {
  if (recipe == Recipe::f32 || recipe == Recipe::q4_k_m) return true;
  return std::string_view(kernels.isa) != "scalar" && !spec.is_moe();
}

/// One token at a depth in a small model, against the float64 pass. Every cache format with float32
/// weights, which hide nothing; the usual one with the others.
Result<void> check_model(const Invocation& invocation, const Model& model, Recipe recipe,
                         ThreadPool& pool, std::vector<Check>& checks) {
  static constexpr CacheFormat k_usual[] = {CacheFormat::f16};
  const std::string what = fmt::format("{} model, {}", model.spec().name, recipe_name(recipe));
  for (const CacheFormat cache :
       recipe == Recipe::f32 ? all_cache_formats() : std::span<const CacheFormat>(k_usual)) {
    if (invocation.stop.stop_requested()) {
      return fail(ErrorCode::interrupted, "interrupted while verifying");
    }
    auto session = Session::open(model, {k_depth + 1, cache, 64, pool.size()}, pool);
    if (!session) return pass_on(session);
    if (auto filled = session->fill_to(k_depth, 1); !filled) return filled;
    const auto check = check_session(model, *session, 1234);
    if (!check) return pass_on(check);
    add_session(checks, model.kernels().isa, what, *check);
  }
  return {};
}

Result<void> check_models(const Invocation& invocation, const KernelTable& kernels,
                          ThreadPool& pool, std::vector<Check>& checks) {
  for (const ModelSpec& spec : {small_dense(), small_moe(), small_latent()}) {
    for (const Recipe recipe : all_recipes()) {
      if (!is_checked(recipe, spec, kernels)) continue;
      const auto model = synthesise_model(spec, recipe, 1, kernels, pool, invocation.stop);
      if (!model) return pass_on(model);
      if (auto done = check_model(invocation, *model, recipe, pool, checks); !done) return done;
    }
  }
  return {};
}

/// The tables that were asked for, or all of this processor, that of native numerics included.
std::vector<const KernelTable*> tables_to_check(const Invocation& invocation,
                                                const EngineChoice& engine) {
  if (invocation.has("isa") || invocation.has("numerics")) return {engine.kernels};
  const LiveCpuFeatures features = live_cpu_features();
  std::vector<const KernelTable*> tables;
  for (const Numerics numerics : {Numerics::native, Numerics::exact}) {
    for (const std::string& isa : available_isas(features)) {
      if (const auto table = select_kernels(features, isa, numerics)) tables.push_back(*table);
    }
  }
  return tables;
}

Result<std::vector<Check>> check_all(const Invocation& invocation, const EngineChoice& engine) {
  const std::vector<const KernelTable*> tables = tables_to_check(invocation, engine);
  ThreadPool pool(engine.threads);
  ProgressLine progress(invocation);
  std::vector<Check> checks;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const KernelTable& kernels = *tables[i];
    const auto count = static_cast<double>(tables.size());
    progress.show(fmt::format("{}: kernels", kernels.isa), static_cast<double>(i) / count);
    for (const KernelCheck& check : check_all_kernels(kernels)) {
      add(checks, check.isa, check.kernel, {check.nmse, check.bound, shape_of(check)});
    }
    progress.show(fmt::format("{}: golden models", kernels.isa),
                  (static_cast<double>(i) + 0.4) / count);
    if (auto done = check_goldens(invocation, kernels, pool, checks); !done) return pass_on(done);
    progress.show(fmt::format("{}: models", kernels.isa), (static_cast<double>(i) + 0.6) / count);
    if (auto done = check_models(invocation, kernels, pool, checks); !done) return pass_on(done);
  }
  return checks;
}

std::string text_of(const std::vector<Check>& checks, std::size_t failed) {
  std::size_t width = std::string_view("kernels ").size();
  for (const Check& check : checks) width = std::max(width, check.isa.size());
  std::string text = fmt::format("{:<{}} {:<31} {:>7} {:>10} {:>10}\n", "kernels", width, "checked",
                                 "shapes", "NMSE", "allowed");
  for (const Check& check : checks) {
    text += fmt::format("{:<{}} {:<31} {:>7} {:>10.2g} {:>10.2g}{}\n", check.isa, width, check.what,
                        check.shapes, check.nmse, check.bound,
                        check.passed ? "" : "  WRONG: " + check.where);
  }
  text += failed == 0 ? fmt::format("\nAll {} checks passed.\n", checks.size())
                      : fmt::format(
                            "\n{} of {} checks failed: results of this program on this "
                            "machine are not to be trusted.\n",
                            failed, checks.size());
  return text;
}

std::string json_of(const std::vector<Check>& checks, std::size_t failed) {
  Json json;
  json["schema"] = "assay.verification/1";
  json["passed"] = failed == 0;
  json["checks"] = Json::array();
  for (const Check& check : checks) {
    Json row;
    row["isa"] = check.isa;
    row["checked"] = check.what;
    row["shapes"] = check.shapes;
    row["nmse"] = std::isfinite(check.nmse) ? Json(check.nmse) : Json(nullptr);
    row["bound"] = check.bound;
    row["where"] = check.where;
    row["passed"] = check.passed;
    json["checks"].push_back(std::move(row));
  }
  return json_text(json);
}

Result<int> run(const Invocation& invocation) {
  const auto engine = choose_engine(invocation, probe_this_machine());
  if (!engine) return pass_on(engine);
  const auto checks = check_all(invocation, *engine);
  if (!checks) return pass_on(checks);
  std::size_t failed = 0;
  for (const Check& check : *checks) failed += check.passed ? 0 : 1;
  const auto done =
      deliver(invocation, invocation.json ? json_of(*checks, failed) : text_of(*checks, failed));
  if (!done) return pass_on(done);
  return failed == 0 ? k_exit_yes : k_exit_not_valid;
}

}  // namespace

Command verify_command() {
  return {.name = "verify",
          .summary = "every kernel on this processor against its definition, and golden models",
          .usage = "assay verify [--isa NAME] [--numerics NAME] [--threads N]",
          .examples = "  assay verify\n  assay verify --isa scalar --json\n",
          .declare = declare,
          .run = run};
}

}  // namespace assay
