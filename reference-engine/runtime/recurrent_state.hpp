#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "reference-engine/model_spec.hpp"
#include "reference-engine/runtime/arena.hpp"

namespace assay {

/// What one layer keeps from token to token.
struct LayerState {
  float* history = nullptr;  // [taps - 1, channels]
  float* state = nullptr;    // [heads][head_dim, state]
};

/// The states of all layers in float32, and a copy of them that a session can go back to: unlike
/// keys and values, a state cannot forget its last tokens.
class RecurrentState {
 public:
  /// Zeros. Errors: does_not_fit.
  static Result<RecurrentState> open(const ModelSpec& spec);
  /// What open() allocates.
  static Bytes bytes(const ModelSpec& spec);

  /// Whether the model has such layers.
  [[nodiscard]] bool any() const { return values_ > 0; }
  [[nodiscard]] LayerState layer(std::uint32_t index) const { return at(present_, index); }
  /// As of the last mark().
  [[nodiscard]] LayerState marked(std::uint32_t index) const { return at(marked_, index); }
  [[nodiscard]] std::size_t values() const { return values_; }  // of all layers
  /// Shape: [values()].
  [[nodiscard]] float* data() const { return present_; }

  void clear() const;
  void mark() const;
  void restore() const;

 private:
  struct Place {
    std::size_t history;
    std::size_t state;
  };
  [[nodiscard]] LayerState at(float* base, std::uint32_t index) const {
    return {base + places_[index].history, base + places_[index].state};
  }

  Arena memory_;
  std::vector<Place> places_;
  std::size_t values_ = 0;
  float* present_ = nullptr;
  float* marked_ = nullptr;
};

}  // namespace assay
