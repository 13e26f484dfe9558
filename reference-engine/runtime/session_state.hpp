#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference-engine/runtime/forward_pass.hpp"
#include "reference-engine/session.hpp"

namespace assay {

/// What the float64 pass does to activations that meet int8 kernels.
enum class ReferenceRounding { exact, as_declared };

struct Session::State {
  const ModelSpec* spec;  // these three live as long as the model
  const ModelWeights* weights;
  const KernelTable* kernels;
  ThreadPool* pool;
  SessionShape shape;
  std::vector<RopeFrequencies> ropes;  // as ModelSpec::ropes
  KvCache cache;
  RecurrentState states;
  PassBuffers buffers;
  std::uint32_t depth = 0;
  std::uint32_t marked_depth = 0;      // where the copy in `states` was taken
  RoutingTrace* routing = nullptr;     // where the next passes note the experts they choose
  ResidualTrace* residuals = nullptr;  // where they note what stands between blocks
  ReferenceRounding rounding = ReferenceRounding::exact;

  /// The pass that runs `tokens` tokens at the present depth.
  [[nodiscard]] Pass pass(std::size_t tokens) const;
};

/// The inside of a session, for the check against the float64 pass.
struct SessionAccess {
  static Session::State& state(Session& session) { return *session.state_; }
};

}  // namespace assay
