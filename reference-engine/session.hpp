#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "reference-engine/footprint.hpp"
#include "reference-engine/kernel_table.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/tensor_plan.hpp"
#include "reference-engine/thread_pool.hpp"

namespace assay {

using TokenId = std::uint32_t;

struct ModelWeights;  // packed matrices; private to the engine

/// A model in memory: its spec, its plan and its weights, immutable once loaded. Sessions share it.
class Model {
 public:
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  [[nodiscard]] const ModelSpec& spec() const;
  [[nodiscard]] const TensorPlan& plan() const;
  [[nodiscard]] const KernelTable& kernels() const;
  [[nodiscard]] const ModelWeights& weights() const;

 private:
  friend struct ModelAccess;
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Reads the tensors of a GGUF file (already checked by read_gguf) and packs them for `kernels`.
/// Errors: refused_input (file), does_not_fit (allocation failed), interrupted.
class GgufFile;
Result<Model> load_model(const GgufFile& file, const KernelTable& kernels, ThreadPool& pool,
                         const std::stop_token& stop = {});

/// A model of exactly this shape with deterministic random weights of plausible size. No file is
/// touched. Errors: does_not_fit, refused_input (a format that cannot be made), interrupted.
Result<Model> synthesise_model(const ModelSpec& spec, Recipe recipe, std::uint64_t seed,
                               const KernelTable& kernels, ThreadPool& pool,
                               const std::stop_token& stop = {});

/// One conversation with a model: the key/value cache and the buffers of a pass.
class Session {
 public:
  /// `model` and `pool` must outlive the session. Errors: does_not_fit, refused_input (unsupported
  /// format).
  static Result<Session> open(const Model& model, const SessionShape& shape, ThreadPool& pool);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Runs the tokens at the present depth, in passes of at most shape.chunk, and returns the logits
  /// after the last. Shape: [vocabulary]; valid until the next call. Errors: usage (token out of
  /// the vocabulary, context full); interrupted, between passes: the context holds those that ran.
  Result<std::span<const float>> evaluate(std::span<const TokenId> tokens,
                                          const std::stop_token& stop = {});
  /// The same, handing over the logits after each token in order: each(position, logits).
  Result<void> evaluate_all(
      std::span<const TokenId> tokens,
      const std::function<void(std::size_t index, std::span<const float> logits)>& each);

  [[nodiscard]] std::uint32_t depth() const;  // positions in the cache
  /// Remembers what the layers that carry a state hold at the present depth, so that rewind() can
  /// come back to it.
  void mark();
  /// Forgets the positions from `depth` on. Errors: usage for a model whose layers carry a state,
  /// unless `depth` is 0, where the last mark() was, or the present one.
  Result<void> rewind(std::uint32_t depth);
  /// Fills the cache up to `depth` with deterministic values, so that decoding at a depth can be
  /// timed without a prefill of that length, and marks it. Errors: usage when the context is
  /// smaller.
  Result<void> fill_to(std::uint32_t depth, std::uint64_t seed);

  struct State;  // private to the engine

 private:
  friend struct SessionAccess;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay
