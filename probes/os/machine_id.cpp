#include "probes/os/machine_id.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "probes/os/sha256.hpp"

namespace assay {

std::string machine_id(const HostView& host, const MachineProfile& profile) {
  std::string facts = "assay machine id 1\n";
  facts +=
      fmt::format("{}\n{}\n{}\n", profile.cpu.brand.value_or(""),
                  profile.cpu.physical_cores.value_or(0), profile.cpu.logical_cores.value_or(0));
  const std::uint64_t memory = profile.memory.total.value_or(Bytes(0)).value;
  facts += fmt::format("{}\n", (memory + gibibytes(1).value / 2) / gibibytes(1).value);
  for (const char* path :
       {"/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name",
        "/sys/class/dmi/id/board_vendor", "/sys/class/dmi/id/board_name", "/etc/machine-id"}) {
    const auto text = host.read_text(path, 4096);
    facts += fmt::format("{}\n", text ? trim(*text) : std::string_view());
  }
  const auto digest = sha256(facts);
  std::string id;
  for (std::size_t i = 0; i < digest.size() / 2; ++i) id += fmt::format("{:02x}", digest[i]);
  return id;
}

}  // namespace assay
