#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/pci_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {

Json gpu_to_json(const GpuProfile& gpu, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer["pci_address"] = gpu.pci_address;
  writer["vendor_id"] = pci_id_text(gpu.vendor_id);
  writer["device_id"] = pci_id_text(gpu.device_id);
  writer["vendor"] = gpu.vendor;
  writer.put("name", gpu.name);
  writer.put("driver", gpu.driver);
  writer.put_bytes("memory_bytes", gpu.memory);
  writer.put_bytes("shared_memory_bytes", gpu.shared_memory);
  writer.put_as("memory_kind", gpu.memory_kind, [](DeviceMemoryKind kind) {
    return Json(std::string(k_device_memory_kind_names.name(kind)));
  });
  writer.put("compute_units", gpu.compute_units);
  return writer.take();
}

Result<void> read_gpu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, GpuProfile& gpu) {
  if (auto done = read_pci_fields(fields, gpu); !done) return done;
  auto vendor = fields.optional_text("vendor");
  if (!vendor) return pass_on(vendor);
  gpu.vendor = vendor->value_or("");
  FactReader reader(fields, pointer, notes);
  reader.text("name", gpu.name);
  reader.text("driver", gpu.driver);
  reader.bytes("memory_bytes", gpu.memory);
  reader.bytes("shared_memory_bytes", gpu.shared_memory);
  reader.count("compute_units", gpu.compute_units);
  Fact<std::string> kind;
  reader.text("memory_kind", kind);
  const auto value =
      kind.is_known() ? k_device_memory_kind_names.value(kind.value()) : std::nullopt;
  if (kind.is_known() && !value) {  // a newer document may know more kinds
    gpu.memory_kind =
        Fact<DeviceMemoryKind>::unknown("the document names a kind that is not known here");
  } else {
    gpu.memory_kind = fact_from(value, pointer + "/memory_kind", notes);
  }
  return reader.result();
}

}  // namespace assay
