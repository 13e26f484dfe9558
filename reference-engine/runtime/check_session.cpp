#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "reference-engine/quant/activation_rounding.hpp"
#include "reference-engine/runtime/reference_pass.hpp"
#include "reference-engine/verification.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

// Float32 sums of some thousand terms are off by 1e-13 of their energy, and a block is a chain of a
// few; four orders of room.
constexpr double k_float32 = 1e-9;

/// What float32's last bits explain of a step. Where the session makes int8 codes, they can put a
/// value that lies between two codes to the other one. One such code in a vector of n normal values
/// costs a step, (max / 127)^2, of n: with a mean squared maximum of 4.6 over 32 values
/// 4.6 / (127^2 n), and three times that behind an activation, whose products have peaks. About
/// 2e-5 of the codes lie so near; four in one vector are allowed for, and room for inputs with
/// outliers, where a code is worth more. Measured on 22,000 steps of the golden models and of
/// random ones: 1e-12 for 99 of 100, and one code (1.3e-6 at n = 256) at most. Where products round
/// to 16 bits, a step is rounding_step of the value at most: its square / n for one of them.
double step_bound(std::initializer_list<const PackedMatrix*> matrices) {
  constexpr double k_outliers = 2e-5;
  constexpr double k_four_codes = 4.0 * 3.0 * 4.6 / (127.0 * 127.0);
  double flips = 0.0;
  for (const PackedMatrix* matrix : matrices) {
    if (matrix->kernels == nullptr) continue;
    const double step = rounding_step(matrix->kernels->rounding);
    const double four = matrix->kernels->takes_q8 ? k_four_codes : 4.0 * 3.0 * step * step;
    if (four > 0.0) flips = std::max(flips, four / static_cast<double>(matrix->columns));
  }
  return flips > 0.0 ? k_float32 + k_outliers + flips : k_float32;
}

/// Rounding of stored keys or values: relative, and what the least numbers of binary16 lose (half
/// of 2^-24 each), which matters for a row of very small ones.
double stored_bound(CacheFormat format, std::size_t values, double energy) {
  const double least = format == CacheFormat::f32 || format == CacheFormat::bf16
                           ? 0.0
                           : 0x1p-50 * static_cast<double>(values);
  return worst_cache_error(format) + (energy > 0.0 ? least / energy : 0.0);
}

/// What makes a comparison impossible; empty when nothing does.
std::string mismatch(const ModelSpec& runs, const ModelSpec& expected) {
  if (runs.layers.size() != expected.layers.size()) {
    return fmt::format("the session runs {} layers (expected {})", runs.layers.size(),
                       expected.layers.size());
  }
  if (steps_per_layer(runs) != steps_per_layer(expected) ||
      runs.d_layer_input != expected.d_layer_input) {
    return "the session's layers have other blocks";
  }
  if (runs.d_model != expected.d_model || runs.vocabulary != expected.vocabulary) {
    return fmt::format("the session's states have {} values and {} logits (expected {} and {})",
                       runs.d_model, runs.vocabulary, expected.d_model, expected.vocabulary);
  }
  if (runs.ropes != expected.ropes) return "the session rotates otherwise";
  for (std::size_t i = 0; i < runs.layers.size(); ++i) {
    if (runs.layers[i].mixer != expected.layers[i].mixer ||
        !(runs.layers[i].attention == expected.layers[i].attention)) {
      return fmt::format("layer {} of the session has another kind or other sizes", i);
    }
  }
  return runs.recurrence == expected.recurrence ? "" : "the session's states have other sizes";
}

/// Lets the float64 steps read the session's cache and depth with the spec and the weights of the
/// model that the session should run.
class RunAs {
 public:
  RunAs(Session::State& state, const Model& model)
      : state_(state), spec_(state.spec), weights_(state.weights) {
    state.spec = &model.spec();
    state.weights = &model.weights();
  }
  RunAs(const RunAs&) = delete;
  RunAs& operator=(const RunAs&) = delete;
  ~RunAs() {
    state_.spec = spec_;
    state_.weights = weights_;
    state_.rounding = ReferenceRounding::exact;
  }

 private:
  Session::State& state_;
  const ModelSpec* spec_;
  const ModelWeights* weights_;
};

/// What a session did with one token.
struct TokenTrace {
  TokenId token;
  RoutingTrace routing;
  ResidualTrace residuals;
  std::vector<float> logits;
};

StepError difference(const Vector& found, const Vector& exact) {
  StepError error;
  for (std::size_t i = 0; i < exact.size(); ++i) error.add(found[i], exact[i]);
  return error;
}

double nmse_of(const StepError& error) {
  return error.size > 0.0 ? error.error / error.size : error.error;
}

/// Follows the trace of one token, step by step.
class StepChecks {
 public:
  StepChecks(const Session::State& state, const TokenTrace& trace, std::vector<StepCheck>& steps)
      : state_(state), trace_(trace), steps_(steps) {}

  void check_all() {
    const ModelSpec& spec = *state_.spec;
    add("embedding", difference(residual(0), reference_embedding(state_, trace_.token)), k_float32);
    known_ = reference_token(state_, trace_.token, residual(0));
    std::span<const std::uint32_t> routing = trace_.routing;
    for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer) {
      check_mixer(layer);
      const std::size_t chosen = chosen_experts(spec, layer);
      check_ffn(layer, routing.first(chosen));
      routing = routing.subspan(chosen);
      if (spec.d_layer_input > 0) check_input(layer);
      if (spec.layer_scale) check_scale(layer);
    }
    const Vector exact = reference_head(state_, residual(done_));
    add("head", difference({trace_.logits.begin(), trace_.logits.end()}, exact),
        step_bound({&state_.weights->head}));
  }

 private:
  [[nodiscard]] Vector residual(std::size_t index) const {
    const std::size_t width = state_.spec->d_model;
    const float* first = trace_.residuals.data() + index * width;
    return {first, first + width};
  }

  void add(std::string step, const StepError& error, double bound) {
    steps_.push_back({std::move(step), nmse_of(error), bound});
  }

  /// What a block added to the residual, which is rounded to float32 each time that something is
  /// added: by 2^-24 of it at most.
  void add_block(std::string step, const Vector& exact, std::size_t additions, double bound) {
    const Vector before = residual(done_);
    const Vector after = residual(++done_);
    StepError error;
    double rounding = 0.0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      error.add(after[i] - before[i], exact[i] - before[i]);
      const double most = 0x1p-24 * static_cast<double>(additions) *
                          std::max(std::abs(before[i]), std::abs(after[i]));
      rounding += most * most;
    }
    add(std::move(step), error, bound + (error.size > 0.0 ? rounding / error.size : rounding));
  }

  void add_stored(std::uint32_t layer, const char* what, const StepError& error,
                  const PackedMatrix& matrix) {
    add(fmt::format("layer {} {}", layer, what), error,
        step_bound({&matrix}) + stored_bound(state_.cache.format(), matrix.rows, error.size));
  }

  void check_mixer(std::uint32_t layer) {
    const LayerWeights& weights = state_.weights->layers[layer];
    const RecurrentWeights& recurrent = weights.recurrent;
    const AttentionSpec& attention = state_.spec->layers[layer].attention;
    Vector exact = residual(done_);
    StoredErrors stored;
    reference_mixer_block(state_, layer, known_, exact, &stored);
    const bool attends = state_.spec->layers[layer].mixer == Mixer::attention;
    if (attends && attention.is_latent()) {
      add_stored(layer, "cached vector", stored.keys, weights.latent.down);
    } else if (attends && !attention.cache_of) {
      add_stored(layer, "keys", stored.keys, weights.k);
      add_stored(layer, "values", stored.values, attention.values_are_keys ? weights.k : weights.v);
    }
    const PackedMatrix none;
    const LatentWeights& latent = weights.latent;
    add_block(fmt::format("layer {} {}", layer, attends ? "attention" : "recurrence"), exact, 1,
              step_bound({&weights.q, &weights.k, &weights.v, &weights.attention_output,
                          &latent.query_down, &latent.down,
                          latent.keys.empty() ? &none : &latent.keys.front(),
                          latent.values.empty() ? &none : &latent.values.front(), &recurrent.in,
                          &recurrent.gate, &recurrent.write, &recurrent.step, &recurrent.out}));
  }

  void check_ffn(std::uint32_t layer, std::span<const std::uint32_t> routing) {
    const LayerWeights& weights = state_.weights->layers[layer];
    Vector exact = residual(done_);
    reference_ffn_block(state_, layer, routing, exact);
    add_block(fmt::format("layer {} {}", layer, routing.empty() ? "feed-forward" : "experts"),
              exact, routing.size() + 1,
              step_bound({&weights.router, &weights.gate, &weights.up, &weights.down,
                          &weights.shared_gate, &weights.shared_up, &weights.shared_down}));
  }

  void check_input(std::uint32_t layer) {
    const LayerWeights& weights = state_.weights->layers[layer];
    Vector exact = residual(done_);
    reference_input_block(state_, layer, known_, exact);
    add_block(fmt::format("layer {} input", layer), exact, 1,
              step_bound({&state_.weights->layer_input_projection, &weights.input_gate,
                          &weights.input_out}));
  }

  void check_scale(std::uint32_t layer) {
    Vector exact = residual(done_);
    reference_scale(state_, layer, exact);
    add(fmt::format("layer {} scale", layer), difference(residual(++done_), exact), k_float32);
  }

  const Session::State& state_;
  const TokenTrace& trace_;
  std::vector<StepCheck>& steps_;
  ReferenceToken known_;
  std::size_t done_ = 0;  // blocks of the trace so far
};

/// Evaluates the token and goes back to the depth before it.
Result<TokenTrace> trace_token(Session& session, TokenId token) {
  Session::State& state = SessionAccess::state(session);
  TokenTrace trace{token, {}, {}, {}};
  state.routing = &trace.routing;
  state.residuals = &trace.residuals;
  const std::uint32_t depth = session.depth();
  session.mark();  // the float64 steps start from there too
  const auto logits = session.evaluate(std::span(&token, 1));
  state.routing = nullptr;
  state.residuals = nullptr;
  if (!logits) return pass_on(logits);
  trace.logits.assign(logits->begin(), logits->end());
  if (auto back = session.rewind(depth); !back) return pass_on(back);
  return trace;
}

/// How near a step came to its bound, or how far it went beyond.
double share_of_bound(const StepCheck& step) {
  return std::isnan(step.nmse) ? HUGE_VAL : step.nmse / step.bound;
}

}  // namespace

bool SessionCheck::passed() const {
  return fault.empty() && logit_nmse <= logit_bound && !steps.empty() &&
         std::all_of(steps.begin(), steps.end(), [](const StepCheck& s) { return s.passed(); });
}

const StepCheck* SessionCheck::worst_step() const {
  const auto worst = std::max_element(steps.begin(), steps.end(), [](const auto& a, const auto& b) {
    return share_of_bound(a) < share_of_bound(b);
  });
  return worst == steps.end() ? nullptr : &*worst;
}

std::string SessionCheck::reason() const {
  if (passed()) return {};
  if (!fault.empty()) return fault;
  const StepCheck* worst = worst_step();
  if (worst != nullptr && !worst->passed()) {
    return fmt::format("{}: NMSE {:.1e} against float64 (at most {:.1e})", worst->step, worst->nmse,
                       worst->bound);
  }
  return fmt::format("logits: NMSE {:.1e} against a float64 pass (at most {:.1e})", logit_nmse,
                     logit_bound);
}

Result<SessionCheck> check_session(const Model& model, Session& session, TokenId token) {
  // reference_bound() takes activations for normal; the products in a hidden layer have longer
  // tails (5 sigma in 32 values: 1.3e-4 of rounding instead of 2.4e-5). Synthetic models of 2, 4
  // and 16 layers measure 0.8 of the bound, and trained ones have outliers.
  constexpr double k_long_tails = 2.0;
  Session::State& state = SessionAccess::state(session);
  const ModelSpec& spec = model.spec();
  SessionCheck check;
  check.fault = mismatch(*state.spec, spec);
  if (!check.fault.empty()) return check;
  const auto trace = trace_token(session, token);
  if (!trace) return pass_on(trace);
  const std::size_t chosen = std::size_t{spec.mixture_layers()} * spec.moe.used;
  if (trace->routing.size() != chosen) {
    check.fault = fmt::format("a token uses {} experts in all layers (expected {})",
                              trace->routing.size(), chosen);
    return check;
  }
  const RunAs as_model(state, model);
  const Vector exact = reference_logits(state, token, trace->routing);
  check.logit_nmse = nmse_of(difference({trace->logits.begin(), trace->logits.end()}, exact));
  check.logit_bound = k_long_tails * reference_bound(model, state.cache.format());
  state.rounding = ReferenceRounding::as_declared;
  StepChecks(state, *trace, check.steps).check_all();
  return check;
}

}  // namespace assay
