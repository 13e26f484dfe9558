#include "workloads/measure/clock.hpp"

#include <chrono>

namespace assay {

Clock steady_clock() {
  return [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
}

}  // namespace assay
