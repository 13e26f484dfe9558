#include <sys/syscall.h>
#include <unistd.h>

#include "reference-engine/kernels/tile_permission.hpp"

namespace assay {

// Linux saves the tiles (8 KiB a thread) only for processes that ask:
// Documentation/arch/x86/xstate.
bool permit_tiles() {
#if defined(__x86_64__)
  constexpr long k_request = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long k_tile_data = 18;    // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, k_request, k_tile_data) == 0;
#else
  return false;
#endif
}

}  // namespace assay
