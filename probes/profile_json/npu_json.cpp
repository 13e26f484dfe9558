#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/pci_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {

Json npu_to_json(const NpuProfile& npu, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer["pci_address"] = npu.pci_address;
  writer["vendor_id"] = pci_id_text(npu.vendor_id);
  writer["device_id"] = pci_id_text(npu.device_id);
  writer["name"] = npu.name;
  writer.put("driver", npu.driver);
  writer.put("device_node", npu.device_node);
  writer.put("accessible", npu.accessible);
  writer.put("runtime", npu.runtime);
  writer.put("usable", npu.usable);
  writer.put("tops_low", npu.tops_low);
  writer.put("tops_high", npu.tops_high);
  writer.put("firmware_version", npu.firmware_version);
  writer.put("board_name", npu.board_name);
  writer.put("max_frequency_hertz", npu.max_frequency_hertz);
  writer.put_bytes("memory_used_bytes", npu.memory_used);
  return writer.take();
}

Result<void> read_npu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, NpuProfile& npu) {
  if (auto done = read_pci_fields(fields, npu); !done) return done;
  auto name = fields.optional_text("name");
  if (!name) return pass_on(name);
  npu.name = name->value_or("");
  FactReader reader(fields, pointer, notes);
  reader.text("driver", npu.driver);
  reader.text("device_node", npu.device_node);
  reader.flag("accessible", npu.accessible);
  reader.text("runtime", npu.runtime);
  reader.flag("usable", npu.usable);
  reader.number("tops_low", npu.tops_low);
  reader.number("tops_high", npu.tops_high);
  reader.text("firmware_version", npu.firmware_version);
  reader.text("board_name", npu.board_name);
  reader.number("max_frequency_hertz", npu.max_frequency_hertz);
  reader.bytes("memory_used_bytes", npu.memory_used);
  return reader.result();
}

}  // namespace assay
