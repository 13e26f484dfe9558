#pragma once

#include <cstdint>
#include <string>

#include "base/fact.hpp"

namespace assay {

struct OsProfile {
  Fact<std::string> name;    // "Debian GNU/Linux 12 (bookworm)"
  Fact<std::string> kernel;  // "6.1.0-18-amd64"
  Fact<std::string> architecture;
  Fact<std::string> hypervisor;  // "KVM"; absent on bare metal
  Fact<std::string> container;   // "docker", "lxc"; absent outside
  Fact<bool> wsl;
  Fact<std::uint32_t> wsl_version;  // 1 or 2; absent elsewhere
  Fact<std::string> memory_note;    // what total memory means here; absent when it means itself
  Fact<double> steal_ratio;         // processor time given to other virtual machines
  Fact<std::string> system_vendor;  // "LENOVO"
  Fact<std::string> product_name;   // of the computer, or the board; never a serial number
  Fact<std::string> chassis;        // "notebook", "desktop", "rack mount"
  Fact<bool> portable;
};

}  // namespace assay
