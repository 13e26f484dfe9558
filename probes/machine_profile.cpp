#include "probes/machine_profile.hpp"

#include <algorithm>

namespace assay {

Fact<Bytes> MachineProfile::usable_memory() const {
  if (!memory.available.is_known() && !memory.limit_headroom.is_known()) {
    return Fact<Bytes>::unknown(memory.available.reason());
  }
  if (!memory.available.is_known()) return memory.limit_headroom;
  if (!memory.limit_headroom.is_known()) return memory.available;
  return memory.limit_headroom.value() < memory.available.value() ? memory.limit_headroom
                                                                  : memory.available;
}

}  // namespace assay
