#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "advisor/calibration.hpp"
#include "advisor/prediction.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// What of a model is in a GPU's memory: all of it; the output head and the last layers; or all but
/// the experts of some layers, which the processor multiplies with.
enum class Split { whole, layers, experts };
std::string_view split_name(Split split);

/// From the processor's memory to the GPU's or back: an activation is small, so it is the time to
/// start a copy and to wait for it (docs/method.md).
inline constexpr double k_crossing_seconds = 60e-6;

/// One way of running a model on a GPU. Everything is estimated: the reference engine runs on
/// processors only, so it holds for engines that split a model as llama.cpp does.
struct Offload {
  Split split = Split::whole;
  std::uint64_t gpu_layers = 0;     // of the model's layers
  std::uint64_t layers = 0;         // that the model has
  std::uint64_t expert_layers = 0;  // whose experts stay in the machine's memory
  std::uint64_t crossings = 0;      // between the two memories, for a token
  Bytes gpu_bytes;                  // needed of the GPU's memory
  Bytes system_bytes;               // needed of the machine's
  Estimate decode_tokens_per_second;
  std::string option;  // of llama.cpp: "-ngl 33"
};

/// Where a model may be put.
struct OffloadPlace {
  Bytes gpu_memory;              // that may be filled
  bool shared_with_cpu = false;  // where a driver takes nothing of it first
  Fact<Bytes> system_memory;     // that may be filled; nothing is put there where it is not known
  Calibration gpu;
  std::optional<Calibration> processor;  // absent: rates of parts of a model are unknown
};

/// The fastest way that fits: whole if it can be, else the most layers, or the fewest experts kept
/// out; nothing where no layer fits, or the rest does not fit the machine's memory.
std::optional<Offload> best_offload(const Question& question, const OffloadPlace& place);

/// One given split, whether it fits or not: the head and `gpu_layers` of the layers on the GPU, and
/// without the experts of the first `expert_layers` of the model. Requires counts that the model
/// has.
Offload offload_of(const Question& question, const OffloadPlace& place, std::uint64_t gpu_layers,
                   std::uint64_t expert_layers);

}  // namespace assay
