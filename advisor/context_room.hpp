#pragma once

#include <cstdint>
#include <optional>

#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"

namespace assay {

/// The largest context whose memory is at most `budget`, in steps of 256 positions, and at most
/// what the model was trained for; 0 when not even one step fits. Memory grows linearly with the
/// context, so it is computed from two footprints.
std::uint64_t largest_context(const Question& question, Bytes budget);

/// How far a context can grow by the policy, as it is called then; 0 when not even a short one
/// fits.
struct ContextRoom {
  std::uint64_t comfortable = 0;
  std::uint64_t ok = 0;
  std::uint64_t tight = 0;  // at all
  std::uint64_t trained = 0;
};
/// Nothing where the memory that is available is not known.
std::optional<ContextRoom> context_room(const Question& question,
                                        const Fact<Bytes>& available_memory, const Policy& policy);

}  // namespace assay
