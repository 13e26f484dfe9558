#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {

Json os_to_json(const OsProfile& os, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("name", os.name);
  writer.put("kernel", os.kernel);
  writer.put("architecture", os.architecture);
  writer.put("hypervisor", os.hypervisor);
  writer.put("container", os.container);
  writer.put("wsl", os.wsl);
  writer.put("wsl_version", os.wsl_version);
  writer.put("memory_note", os.memory_note);
  writer.put("steal_ratio", os.steal_ratio);
  writer.put("system_vendor", os.system_vendor);
  writer.put("product_name", os.product_name);
  writer.put("chassis", os.chassis);
  writer.put("portable", os.portable);
  return writer.take();
}

Result<void> read_os(const JsonFields& fields, const std::string& pointer,
                     const DocumentNotes& notes, OsProfile& os) {
  FactReader reader(fields, pointer, notes);
  reader.text("name", os.name);
  reader.text("kernel", os.kernel);
  reader.text("architecture", os.architecture);
  reader.text("hypervisor", os.hypervisor);
  reader.text("container", os.container);
  reader.flag("wsl", os.wsl);
  reader.count("wsl_version", os.wsl_version);
  reader.text("memory_note", os.memory_note);
  reader.number("steal_ratio", os.steal_ratio);
  reader.text("system_vendor", os.system_vendor);
  reader.text("product_name", os.product_name);
  reader.text("chassis", os.chassis);
  reader.flag("portable", os.portable);
  return reader.result();
}

}  // namespace assay
