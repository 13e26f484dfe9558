#include "probes/os/firmware_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

using Text = Fact<std::string>;

struct Chassis {
  unsigned type;
  std::string_view name;
  bool portable;
};

// Source: SMBIOS specification 3.6, section 7.4.1. Types 1 and 2 are "other" and "unknown": virtual
// machines and careless firmware.
constexpr std::array k_chassis{
    Chassis{3, "desktop", false},
    Chassis{4, "low-profile desktop", false},
    Chassis{5, "pizza box", false},
    Chassis{6, "mini tower", false},
    Chassis{7, "tower", false},
    Chassis{8, "portable", true},
    Chassis{9, "laptop", true},
    Chassis{10, "notebook", true},
    Chassis{11, "hand held", true},
    Chassis{12, "docking station", false},
    Chassis{13, "all in one", false},
    Chassis{14, "sub notebook", true},
    Chassis{15, "space-saving", false},
    Chassis{16, "lunch box", false},
    Chassis{17, "main server", false},
    Chassis{18, "expansion chassis", false},
    Chassis{23, "rack mount", false},
    Chassis{24, "sealed-case PC", false},
    Chassis{25, "multi-system", false},
    Chassis{28, "blade", false},
    Chassis{29, "blade enclosure", false},
    Chassis{30, "tablet", true},
    Chassis{31, "convertible", true},
    Chassis{32, "detachable", true},
    Chassis{33, "IoT gateway", false},
    Chassis{34, "embedded PC", false},
    Chassis{35, "mini PC", false},
    Chassis{36, "stick PC", false},
};

// What makers leave in when they forget to fill a name in.
constexpr std::array<std::string_view, 7> k_placeholders{
    "To Be Filled By O.E.M.", "To be filled by O.E.M.", "System Product Name",
    "System manufacturer",    "Default string",         "Not Specified",
    "Not Applicable"};

Text firmware_name(const HostView& host, const char* field) {
  const std::string path = fmt::format("/sys/class/dmi/id/{}", field);
  const auto text = host.read_text(path, 4096);
  if (!text) return Text::unknown(text.error().reason);
  const std::string_view name = trim(*text);
  if (name.empty() || std::ranges::find(k_placeholders, name) != k_placeholders.end()) {
    return Text::absent(path + ": the maker left it empty");
  }
  return Text::known(printable(name, 80), path);
}

/// Boards without SMBIOS: the device tree's model, which ends with a zero byte.
Text device_tree_model(const HostView& host) {
  const std::string path = "/proc/device-tree/model";
  const auto text = host.read_text(path, 4096);
  if (!text) return Text::unknown(text.error().reason);
  const std::string_view name = trim(std::string_view(*text).substr(0, text->find('\0')));
  if (name.empty()) return Text::unknown(path + " is empty");
  return Text::known(printable(name, 80), path);
}

void probe_chassis(const HostView& host, OsProfile& os) {
  const std::string path = "/sys/class/dmi/id/chassis_type";
  const auto text = host.read_text(path, 64);
  if (!text) {
    os.chassis = Text::unknown(text.error().reason);
    os.portable = Fact<bool>::unknown(text.error().reason);
    return;
  }
  const auto type = parse_number<unsigned>(trim(*text));
  const auto row = std::ranges::find_if(
      k_chassis, [&type](const Chassis& chassis) { return type && chassis.type == *type; });
  if (row == k_chassis.end()) {
    const std::string reason =
        fmt::format("{}: the firmware does not say ({})", path, printable(trim(*text), 20));
    os.chassis = Text::unknown(reason);
    os.portable = Fact<bool>::unknown(reason);
    return;
  }
  os.chassis = Text::known(std::string(row->name), path);
  os.portable = Fact<bool>::known(row->portable, path);
}

}  // namespace

void probe_firmware_identity(const HostView& host, OsProfile& os) {
  os.system_vendor = firmware_name(host, "sys_vendor");
  os.product_name = firmware_name(host, "product_name");
  if (os.product_name.state() == FactState::unknown) {
    const Text model = device_tree_model(host);
    if (model.is_known()) os.product_name = model;
  }
  probe_chassis(host, os);
}

}  // namespace assay
