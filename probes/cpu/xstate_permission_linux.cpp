// Built for x86-64 Linux only.
#include "probes/cpu/xstate_permission.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace assay {

std::optional<XstatePermission> live_xstate_permission() {
  constexpr int k_get_supported = 0x1021;  // ARCH_GET_XCOMP_SUPP
  constexpr int k_get_permitted = 0x1022;  // ARCH_GET_XCOMP_PERM
  XstatePermission found;
  if (::syscall(SYS_arch_prctl, k_get_supported, &found.supported) != 0) return std::nullopt;
  if (::syscall(SYS_arch_prctl, k_get_permitted, &found.permitted) != 0) return std::nullopt;
  return found;
}

}  // namespace assay
