#include <fmt/format.h>

#include "base/text.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {

Section storage_and_power_rows(const MachineProfile& machine) {
  const StorageProfile& storage = machine.storage;
  const PowerProfile& power = machine.power;
  FactRows rows("Storage and power");
  rows.fact("Storage", storage.free, [&storage](Bytes free) {
    const std::string type = storage.filesystem.is_known()
                                 ? fmt::format(" ({})", printable(storage.filesystem.value(), 40))
                                 : std::string();
    return fmt::format("{} free for results{}", human_bytes(free), type);
  });
  if (power.on_battery.value_or(false)) {
    rows.row("Power", {"on battery: speeds may be lower than on mains", Tone::warning});
  } else {
    rows.fact("Power", power.on_battery, [](bool) { return std::string("on mains"); });
  }
  rows.text("Profile", power.platform_profile);
  return rows.take();
}

}  // namespace assay
