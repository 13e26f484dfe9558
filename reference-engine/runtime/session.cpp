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
  if (spec.heads % spec.kv_heads != 0 || spec.rope.dims > spec.head_dim) {
    return fail(ErrorCode::refused_input,
                "heads that do not divide into groups (expected a multiple of the K/V heads)",
                spec.name);
  }
  return {};
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

/// Plausible cache content: uniform of variance 1, the same for the same seed and place.
void fill_random(std::uint64_t seed, std::span<float> values) {
  SplitMix64 random(seed);
  for (float& value : values) value = random.next_uniform() * std::numbers::sqrt3_v<float>;
}

}  // namespace

Pass Session::State::pass(std::size_t tokens) const {
  return {*spec, *weights, *kernels, rope, *pool, cache, buffers, depth, tokens, routing};
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
  auto buffers = PassBuffers::open(spec, used);
  if (!buffers) return pass_on(buffers);
  return Session(
      std::unique_ptr<State>(new State{&spec, &model.weights(), &model.kernels(), &pool, used,
                                       rope_frequencies(spec.rope, model.weights().rope_factors),
                                       std::move(*cache), std::move(*buffers)}));
}

Result<std::span<const float>> Session::evaluate(std::span<const TokenId> tokens) {
  State& state = *state_;
  if (auto checked = check_tokens(*state.spec, state.shape, state.depth, tokens); !checked) {
    return pass_on(checked);
  }
  while (true) {
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

void Session::rewind(std::uint32_t depth) { state_->depth = std::min(depth, state_->depth); }

Result<void> Session::fill_to(std::uint32_t depth, std::uint64_t seed) {
  State& state = *state_;
  if (depth > state.shape.context) {
    return fail(ErrorCode::usage, "depth " + std::to_string(depth) + " (expected at most " +
                                      std::to_string(state.shape.context) + ", the context)");
  }
  const ModelSpec& spec = *state.spec;
  const std::size_t heads = std::size_t{spec.layers} * spec.kv_heads;
  state.pool->for_each(heads, 1, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> key_and_value(2 * std::size_t{spec.head_dim});
    for (std::size_t i = begin; i < end; ++i) {
      for (std::uint32_t position = state.depth; position < depth; ++position) {
        fill_random(mix_seed(seed, i, position), key_and_value);
        state.cache.store(*state.kernels, static_cast<std::uint32_t>(i / spec.kv_heads),
                          static_cast<std::uint32_t>(i % spec.kv_heads), position,
                          key_and_value.data(), key_and_value.data() + spec.head_dim);
      }
    }
  });
  state.depth = std::max(depth, state.depth);
  return {};
}

}  // namespace assay
