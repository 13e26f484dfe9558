#pragma once

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
};

}  // namespace assay
