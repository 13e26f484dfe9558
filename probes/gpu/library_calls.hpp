#pragma once

#include <dlfcn.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"
#include "probes/profile/gpu_profile.hpp"

// What the child processes that talk to vendors' libraries share.

namespace assay {

inline constexpr std::size_t k_most_devices = 64;

/// A function of a loaded library; null when it has none of that name.
template <typename Function>
Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

/// A text that a library wrote into a buffer, terminated or not.
template <std::size_t Size>
std::string text_in(const std::array<char, Size>& buffer) {
  return printable(trim(std::string_view(buffer.data(), ::strnlen(buffer.data(), Size))), 120);
}

/// Each fills devices from a loaded library, in a child process. Errors: unknown, with the
/// library's own words.
using DescribeDevices = Result<std::vector<GpuProfile>> (*)(void* library);
Result<std::vector<GpuProfile>> describe_by_nvml(void* library);
Result<std::vector<GpuProfile>> describe_by_vulkan(void* library);
Result<std::vector<GpuProfile>> describe_by_level_zero(void* library);
Result<std::vector<GpuProfile>> describe_by_opencl(void* library);

/// Asks one device's driver through its device file; fills `gpu`.
Result<void> describe_by_render_node(const std::string& node, const std::string& driver,
                                     GpuProfile& gpu);

}  // namespace assay
