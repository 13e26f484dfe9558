#pragma once

#include <functional>

namespace assay {

/// Seconds since some moment, never going back. An argument wherever time is taken, so that tests
/// can turn the hands.
using Clock = std::function<double()>;

Clock steady_clock();

}  // namespace assay
