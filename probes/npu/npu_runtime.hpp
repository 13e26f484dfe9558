#pragma once

#include <string>
#include <string_view>

#include "base/fact.hpp"
#include "base/host_view.hpp"
#include "probes/npu/npu_table.hpp"

namespace assay {

/// Which user-space software that can drive a part of this family lies in the standard library
/// folders. Files are looked for, nothing is loaded; software inside Python environments is not
/// seen. Absent when the folders are there and hold none.
Fact<std::string> find_npu_runtime(const HostView& host, NpuFamily family);
/// Whether a file of a library folder counts for that: a recording keeps the names of those.
bool is_npu_library(std::string_view name);

}  // namespace assay
