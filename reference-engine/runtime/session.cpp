#include "reference-engine/session.hpp"

#include <algorithm>
#include <numbers>
#include <string>
#include <utility>

#include "reference-engine/runtime/session_state.hpp"
#include "reference-engine/synthetic/random.hpp"

namespace assay {
namespace {

Result<void> check_shape(const ModelSpec& spec, const SessionShape& shape) {
  if (shape.context == 0 || shape.chunk == 0) {
    return fail(ErrorCode::usage, "a session needs a context and a chunk of at least 1 token");
  }
  return check_runs(spec);
}

Result<void> check_tokens(const ModelSpec& spec, const SessionShape& shape, std::uint32_t depth,
                          std::span<const TokenId> tokens) {
  if (tokens.empty()) return fail(ErrorCode::usage, "no tokens (expected at least one)");
  if (tokens.size() > shape.context - depth) {
    return fail(ErrorCode::usage, std::to_string(tokens.size()) + " tokens at depth " +
                                      std::to_string(depth) + " (expected at most " +
                                      std::to_string(shape.context - depth) + ": the context is " +
                                      std::to_string(shape.context) + ")");
  }
  const auto beyond = std::find_if(tokens.begin(), tokens.end(),
                                   [&](TokenId token) { return token >= spec.vocabulary; });
  if (beyond != tokens.end()) {
    return fail(ErrorCode::usage, "token " + std::to_string(*beyond) + " (expected below " +
                                      std::to_string(spec.vocabulary) + ", the vocabulary)");
  }
  return {};
}

/// The frequencies of every set of rope. Longrope has factors for contexts that fit the original
/// one, and others for longer ones.
std::vector<RopeFrequencies> ropes_of(const ModelSpec& spec, const ModelWeights& weights,
                                      std::uint32_t context) {
  std::vector<RopeFrequencies> ropes;
  for (const RopeSpec& rope : spec.ropes) {
    std::span<const float> factors;
    if (rope.frequency_factors) factors = weights.rope_factors;
    if (rope.scaling == RopeScaling::longrope) {
      factors =
          context > rope.original_context ? weights.rope_factors_long : weights.rope_factors_short;
    }
    ropes.push_back(rope_frequencies(rope, factors));
  }
  return ropes;
}

/// Plausible cache content: uniform of variance 1, the same for the same seed and place.
void fill_random(std::uint64_t seed, std::span<float> values) {
  SplitMix64 random(seed);
  for (float& value : values) value = random.next_uniform() * std::numbers::sqrt3_v<float>;
}

}  // namespace

Pass Session::State::pass(std::size_t tokens) const {
  return {*spec,  *weights, *kernels, ropes,  *pool,   cache,
          states, buffers,  depth,    tokens, routing, residuals};
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::open(const Model& model, const SessionShape& shape, ThreadPool& pool) {
  const ModelSpec& spec = model.spec();
  if (auto checked = check_shape(spec, shape); !checked) return pass_on(checked);
  SessionShape used = shape;
  used.threads = pool.size();
  auto cache = KvCache::open(spec, used.context, used.cache);
  if (!cache) return pass_on(cache);
  auto states = RecurrentState::open(spec);
  if (!states) return pass_on(states);
  auto buffers = PassBuffers::open(spec, used);
  if (!buffers) return pass_on(buffers);
  return Session(std::unique_ptr<State>(
      new State{&spec, &model.weights(), &model.kernels(), &pool, used,
                ropes_of(spec, model.weights(), used.context), std::move(*cache),
                std::move(*states), std::move(*buffers)}));
}

Result<std::span<const float>> Session::evaluate(std::span<const TokenId> tokens,
                                                 const std::stop_token& stop) {
  State& state = *state_;
  if (auto checked = check_tokens(*state.spec, state.shape, state.depth, tokens); !checked) {
    return pass_on(checked);
  }
  while (true) {
    if (stop.stop_requested()) return fail(ErrorCode::interrupted, "interrupted within a prompt");
    const std::size_t count = std::min<std::size_t>(tokens.size(), pass_tokens(state.shape));
    const Pass pass = state.pass(count);
    run_layers(pass, tokens.first(count));
    state.depth += static_cast<std::uint32_t>(count);
    tokens = tokens.subspan(count);
    if (!tokens.empty()) continue;
    compute_logits(pass, count - 1, 1);
    return std::span<const float>(state.buffers.logits, state.spec->vocabulary);
  }
}

Result<void> Session::evaluate_all(
    std::span<const TokenId> tokens,
    const std::function<void(std::size_t index, std::span<const float> logits)>& each) {
  State& state = *state_;
  if (auto checked = check_tokens(*state.spec, state.shape, state.depth, tokens); !checked) {
    return pass_on(checked);
  }
  const std::size_t vocabulary = state.spec->vocabulary;
  const std::size_t columns = std::min(k_logit_columns, pass_tokens(state.shape));
  for (std::size_t done = 0; done < tokens.size();) {
    const std::size_t count = std::min<std::size_t>(tokens.size() - done, pass_tokens(state.shape));
    const Pass pass = state.pass(count);
    run_layers(pass, tokens.subspan(done, count));
    state.depth += static_cast<std::uint32_t>(count);
    for (std::size_t first = 0; first < count; first += columns) {
      const std::size_t some = std::min(columns, count - first);
      compute_logits(pass, first, some);
      for (std::size_t i = 0; i < some; ++i) {
        each(done + first + i, {state.buffers.logits + i * vocabulary, vocabulary});
      }
    }
    done += count;
  }
  return {};
}

std::uint32_t Session::depth() const { return state_->depth; }

void Session::mark() {
  state_->states.mark();
  state_->marked_depth = state_->depth;
}

Result<void> Session::rewind(std::uint32_t depth) {
  State& state = *state_;
  if (depth >= state.depth) return {};
  if (state.states.any()) {
    if (depth == 0) {
      state.states.clear();
    } else if (depth == state.marked_depth) {
      state.states.restore();
    } else {
      return fail(ErrorCode::usage,
                  "back to depth " + std::to_string(depth) + " (expected 0 or the marked " +
                      std::to_string(state.marked_depth) + ": this model's layers carry a state)");
    }
  }
  if (depth < state.marked_depth) state.marked_depth = 0;
  state.depth = depth;
  return {};
}

Result<void> Session::fill_to(std::uint32_t depth, std::uint64_t seed) {
  State& state = *state_;
  if (depth > state.shape.context) {
    return fail(ErrorCode::usage, "depth " + std::to_string(depth) + " (expected at most " +
                                      std::to_string(state.shape.context) + ", the context)");
  }
  // One job a K/V head; jobs count through all layers, as seeds do.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> heads;
  for (std::uint32_t layer = 0; layer < state.spec->layers.size(); ++layer) {
    const LayerSpec& one = state.spec->layers[layer];
    if (one.mixer != Mixer::attention || one.attention.cache_of) continue;
    for (std::uint32_t h = 0; h < one.attention.kv_heads; ++h) heads.emplace_back(layer, h);
  }
  state.pool->for_each(heads.size(), 1, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> key_and_value;
    for (std::size_t i = begin; i < end; ++i) {
      const auto [layer, head] = heads[i];
      const std::size_t dim = state.spec->layers[layer].attention.head_dim;
      key_and_value.resize(2 * dim);
      for (std::uint32_t position = state.depth; position < depth; ++position) {
        fill_random(mix_seed(seed, i, position), key_and_value);
        state.cache.store(*state.kernels, layer, head, position, key_and_value.data(),
                          key_and_value.data() + dim);
      }
    }
  });
  if (depth > state.depth) {
    // The state does not depend on how many tokens made it.
    fill_random(seed, {state.states.data(), state.states.values()});
    state.depth = depth;
  }
  mark();
  return {};
}

}  // namespace assay
