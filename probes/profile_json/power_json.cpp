#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {

Json power_to_json(const PowerProfile& power, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("on_battery", power.on_battery);
  writer.put("platform_profile", power.platform_profile);
  return writer.take();
}

Result<void> read_power(const JsonFields& fields, const std::string& pointer,
                        const DocumentNotes& notes, PowerProfile& power) {
  FactReader reader(fields, pointer, notes);
  reader.flag("on_battery", power.on_battery);
  reader.text("platform_profile", power.platform_profile);
  return reader.result();
}

}  // namespace assay
