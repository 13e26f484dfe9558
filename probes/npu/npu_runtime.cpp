#include "probes/npu/npu_runtime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace assay {
namespace {

/// One way to drive a family: usable when both libraries are there (the second may be empty).
struct Runtime {
  NpuFamily family;
  std::string_view name;
  std::array<std::string_view, 2> libraries;
};

// Names: intel/linux-npu-driver (libze_intel_vpu before 1.5) with the Level Zero loader; XRT looks
// for libxrt_driver_*.so beside libxrt_core; HailoRT; Qualcomm's QAic and FastRPC; Rockchip's
// librknnrt (models) and librkllmrt (language models); Mesa's Teflon for the rocket driver.
constexpr std::array k_runtimes{
    Runtime{NpuFamily::intel, "Level Zero", {"libze_intel_npu.so", "libze_loader.so"}},
    Runtime{NpuFamily::intel, "Level Zero", {"libze_intel_vpu.so", "libze_loader.so"}},
    Runtime{NpuFamily::amd_xdna, "XRT", {"libxrt_core.so", "libxrt_driver_xdna.so"}},
    Runtime{NpuFamily::qualcomm_cloud, "QAic", {"libQAic.so", ""}},
    Runtime{NpuFamily::qualcomm_hexagon, "QNN", {"libQnnHtp.so", "libcdsprpc.so"}},
    Runtime{NpuFamily::hailo, "HailoRT", {"libhailort.so", ""}},
    Runtime{NpuFamily::edge_tpu, "Edge TPU runtime", {"libedgetpu.so", ""}},
    Runtime{NpuFamily::rockchip, "RKLLM", {"librkllmrt.so", ""}},
    Runtime{NpuFamily::rockchip, "RKNN", {"librknnrt.so", ""}},
    Runtime{NpuFamily::rockchip, "Mesa Teflon", {"libteflon.so", ""}},
};

/// Works on top of a runtime, and drives nothing without it.
struct Framework {
  NpuFamily family;
  std::string_view name;
  std::string_view library;
};

constexpr std::array k_frameworks{
    Framework{NpuFamily::intel, "OpenVINO NPU plug-in", "libopenvino_intel_npu_plugin.so"},
};

constexpr std::array<std::string_view, 14> k_folders{
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/lib/x86_64-linux-gnu",
    "/usr/local/lib/aarch64-linux-gnu",
    "/usr/lib/wsl/lib",
    "/opt/xilinx/xrt/lib",
    "/opt/intel/openvino/runtime/lib/intel64",
    "/opt/qti-aic/dev/lib/x86_64",
    "/opt/qti-aic/dev/lib/aarch64",
    "/vendor/lib64",
};

/// The library folders that are there, with the folders that OpenVINO keeps its plug-ins in.
std::vector<std::string> library_folders(const HostView& host) {
  std::vector<std::string> folders;
  for (const std::string_view folder : k_folders) {
    if (!host.exists(folder)) continue;
    folders.emplace_back(folder);
    for (const std::string& name : host.list(folder)) {
      if (name.starts_with("openvino")) folders.push_back(fmt::format("{}/{}", folder, name));
    }
  }
  return folders;
}

class Libraries {
 public:
  explicit Libraries(const HostView& host) {
    for (const std::string& folder : library_folders(host)) {
      folders_.push_back({folder, host.list(folder)});
    }
  }
  [[nodiscard]] bool empty() const { return folders_.empty(); }
  /// Where a library lies: `stem` itself, or with a version behind it.
  [[nodiscard]] std::optional<std::string> find(std::string_view stem) const {
    for (const auto& [folder, names] : folders_) {
      const auto found = std::ranges::find_if(names, [&](const std::string& name) {
        return name.starts_with(stem) && (name.size() == stem.size() || name[stem.size()] == '.');
      });
      if (found != names.end()) return fmt::format("{}/{}", folder, *found);
    }
    return std::nullopt;
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> folders_;
};

}  // namespace

bool is_npu_library(std::string_view name) {
  const auto begins = [name](std::string_view stem) {
    return !stem.empty() && name.starts_with(stem);
  };
  return name.starts_with("openvino") ||
         std::ranges::any_of(k_runtimes,
                             [&](const Runtime& runtime) {
                               return std::ranges::any_of(runtime.libraries, begins);
                             }) ||
         std::ranges::any_of(k_frameworks,
                             [&](const Framework& framework) { return begins(framework.library); });
}

Fact<std::string> find_npu_runtime(const HostView& host, NpuFamily family) {
  const Libraries libraries(host);
  if (libraries.empty()) {
    return Fact<std::string>::unknown(host.is_live() ? "no library folder could be listed"
                                                     : "the recording holds no library folder");
  }
  std::string names;
  std::string places;
  std::string missing;
  for (const Runtime& runtime : k_runtimes) {
    if (runtime.family != family) continue;
    const auto first = libraries.find(runtime.libraries[0]);
    const bool needs_one = runtime.libraries[1].empty();
    const auto second = needs_one ? first : libraries.find(runtime.libraries[1]);
    if (!first || !second) {
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ",
                             first ? runtime.libraries[1] : runtime.libraries[0]);
      continue;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", runtime.name);
    places += fmt::format("{}{}", places.empty() ? "" : ", ", *first);
  }
  if (names.empty() && missing.empty()) {
    return Fact<std::string>::unknown("which software drives this part is not known here");
  }
  if (names.empty()) {
    return Fact<std::string>::absent(fmt::format(
        "present, but no runtime that can use it is installed (looked for {})", missing));
  }
  for (const Framework& framework : k_frameworks) {
    if (framework.family == family && libraries.find(framework.library)) {
      names += fmt::format(", {}", framework.name);
    }
  }
  return Fact<std::string>::known(names, places);
}

}  // namespace assay
