#pragma once

#include "base/fact.hpp"
#include "base/units.hpp"
#include "workloads/storage_speed.hpp"

namespace assay {

/// How long reading a model's file takes when none of it is in memory: its size over the measured
/// rate of cold reads, through the page cache where that was measured, else directly. Building the
/// model from the bytes is not in it.
Fact<double> predict_cold_load_seconds(Bytes file, const StorageSpeed& speed);

}  // namespace assay
