#include "advisor/system_memory.hpp"

#include <algorithm>

namespace assay {

Bytes memory_beside_system(Bytes installed) {
  return installed - std::min(k_system_memory, Bytes(installed.value / 2));
}

}  // namespace assay
