#pragma once

#include <cstdint>
#include <optional>

namespace assay {

/// What the kernel says about large vector state: the components that it can give to a process, and
/// those that this one has. Bit numbers are those of XCR0.
/// Source: Linux Documentation/arch/x86/xstate.rst.
struct XstatePermission {
  std::uint64_t supported = 0;
  std::uint64_t permitted = 0;
};

/// Of the running process; asks for nothing. Nothing on kernels before 5.16, and beyond x86.
std::optional<XstatePermission> live_xstate_permission();

}  // namespace assay
