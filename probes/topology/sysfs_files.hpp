#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_view.hpp"

namespace assay {

inline constexpr std::string_view k_cpu_folder = "/sys/devices/system/cpu";

/// "/sys/devices/system/cpu/cpu7".
std::string cpu_folder(unsigned cpu);

/// The trimmed text of a small file; nothing when it cannot be read or is empty.
std::optional<std::string> read_sysfs(const HostView& host, const std::string& path);
/// The file as one number.
std::optional<std::uint64_t> read_sysfs_count(const HostView& host, const std::string& path,
                                              int base = 10);
/// A set of CPUs that sysfs gives as a list, or, in old kernels, as a mask only.
std::optional<std::vector<unsigned>> read_cpu_set(const HostView& host, const std::string& list,
                                                  const std::string& mask);

}  // namespace assay
