#include "probes/npu/platform_npu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_platform_bus = "/sys/bus/platform/devices";

// Names: Linux bindings npu/rockchip,rk3588-rknn-core.yaml and Rockchip's own kernel (rknpu);
// arm/qcom.yaml (x1e80100: X Elite, x1p42100: X Plus, glymur: X2 Elite), whose Hexagon processor is
// reached by FastRPC; npu/arm,ethos.yaml. The accel driver rocket registers a device named rknn.
constexpr std::array k_parts{
    PlatformNpuPart{"rockchip,rk3588-rknn-core", "", "rknn", NpuFamily::rockchip,
                    "Rockchip NPU (RK3588)", 6, "Rockchip's RK3588 data sheet"},
    PlatformNpuPart{"rockchip,rk3588-rknpu", "rknpu", "rknn", NpuFamily::rockchip,
                    "Rockchip NPU (RK3588)", 6, "Rockchip's RK3588 data sheet"},
    PlatformNpuPart{"rockchip,rk3576-rknpu", "rknpu", "rknn", NpuFamily::rockchip,
                    "Rockchip NPU (RK3576)", 0, ""},
    PlatformNpuPart{"rockchip,rk3568-rknpu", "rknpu", "rknn", NpuFamily::rockchip,
                    "Rockchip NPU (RK3568)", 0, ""},
    PlatformNpuPart{"arm,ethos-u85", "", "ethosu", NpuFamily::other, "Arm Ethos-U85", 0, ""},
    PlatformNpuPart{"arm,ethos-u65", "", "ethosu", NpuFamily::other, "Arm Ethos-U65", 0, ""},
};
constexpr std::array k_machines{
    PlatformNpuPart{"qcom,x1e80100", "fastrpc-cdsp", "", NpuFamily::qualcomm_hexagon,
                    "Qualcomm Hexagon (Snapdragon X Elite)", 45, "xda-developers.com 2024-06"},
    PlatformNpuPart{"qcom,x1p42100", "fastrpc-cdsp", "", NpuFamily::qualcomm_hexagon,
                    "Qualcomm Hexagon (Snapdragon X Plus)", 45, "theregister.com 2024"},
    PlatformNpuPart{"qcom,glymur", "fastrpc-cdsp", "", NpuFamily::qualcomm_hexagon,
                    "Qualcomm Hexagon (Snapdragon X2 Elite)", 80, "notebookcheck.net 1166576"},
};

/// The texts of a device tree's property: each ends with a zero byte.
std::vector<std::string> compatible_texts(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  std::vector<std::string> texts;
  if (!text) return texts;
  for (const std::string_view part : split(*text, '\0')) texts.emplace_back(trim(part));
  return texts;
}

bool holds(const std::vector<std::string>& texts, std::string_view wanted) {
  return std::ranges::find(texts, wanted) != texts.end();
}

}  // namespace

std::vector<PlatformNpu> list_platform_npus(const HostView& host) {
  std::vector<PlatformNpu> found;
  const auto add = [&found](const PlatformNpuPart& part, std::string folder) {
    const bool known = std::ranges::any_of(
        found, [&part](const PlatformNpu& other) { return other.part->name == part.name; });
    if (!known) found.push_back({&part, std::move(folder)});
  };
  for (const std::string& device : host.list(k_platform_bus)) {
    const std::string folder = fmt::format("{}/{}", k_platform_bus, device);
    const auto texts = compatible_texts(host, folder + "/of_node/compatible");
    for (const PlatformNpuPart& part : k_parts) {
      if (holds(texts, part.compatible)) add(part, folder);
    }
  }
  const auto machine = compatible_texts(host, "/proc/device-tree/compatible");
  for (const PlatformNpuPart& part : k_machines) {
    if (holds(machine, part.compatible)) {
      add(part, fmt::format("/sys/class/misc/{}/device", part.node));
    }
  }
  return found;
}

bool is_node_of(const HostView& host, const std::string& folder, const PlatformNpuPart& part) {
  if (holds(compatible_texts(host, folder + "/of_node/compatible"), part.compatible)) return true;
  if (part.accel_name.empty()) return false;
  const auto device = host.link_name(folder);
  return device && device->starts_with(part.accel_name);
}

}  // namespace assay
