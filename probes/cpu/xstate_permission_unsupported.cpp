// Processors whose vector state needs no permission.
#include "probes/cpu/xstate_permission.hpp"

namespace assay {

std::optional<XstatePermission> live_xstate_permission() { return std::nullopt; }

}  // namespace assay
