#include <type_traits>

#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/pci_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

void write_fact(FactWriter& writer, const char* key, const Fact<Bytes>& fact) {
  writer.put_bytes(key, fact);
}

template <typename T>
void write_fact(FactWriter& writer, const char* key, const Fact<T>& fact) {
  writer.put(key, fact);
}

void read_fact(FactReader& reader, const char* key, const JsonFields&, Fact<Bytes>& fact) {
  reader.bytes(key, fact);
}
void read_fact(FactReader& reader, const char* key, const JsonFields&, Fact<std::string>& fact) {
  reader.text(key, fact);
}
void read_fact(FactReader& reader, const char* key, const JsonFields&, Fact<std::uint32_t>& fact) {
  reader.count(key, fact);
}
void read_fact(FactReader& reader, const char* key, const JsonFields&, Fact<double>& fact) {
  reader.number(key, fact);
}
void read_fact(FactReader& reader, const char* key, const JsonFields&, Fact<bool>& fact) {
  reader.flag(key, fact);
}
void read_fact(FactReader& reader, const char* key, const JsonFields& fields,
               Fact<std::vector<std::string>>& fact) {
  reader.list(key, fields.texts(key), fact);
}

}  // namespace

Json gpu_to_json(const GpuProfile& gpu, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer["pci_address"] = gpu.pci_address;
  writer["vendor_id"] = pci_id_text(gpu.vendor_id);
  writer["device_id"] = pci_id_text(gpu.device_id);
  writer["vendor"] = gpu.vendor;
  writer["software"] = gpu.software;
  writer.put_as("memory_kind", gpu.memory_kind, [](DeviceMemoryKind kind) {
    return Json(std::string(k_device_memory_kind_names.name(kind)));
  });
  for_each_gpu_fact(gpu, gpu, [&writer](const char* key, const auto& fact, const auto&) {
    write_fact(writer, key, fact);
  });
  return writer.take();
}

Result<void> read_gpu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, GpuProfile& gpu) {
  if (auto done = read_pci_fields(fields, gpu); !done) return done;
  auto vendor = fields.optional_text("vendor");
  if (!vendor) return pass_on(vendor);
  gpu.vendor = vendor->value_or("");
  const auto software = fields.optional_flag("software");
  if (!software) return pass_on(software);
  gpu.software = software->value_or(false);
  FactReader reader(fields, pointer, notes);
  for_each_gpu_fact(gpu, gpu, [&](const char* key, auto& fact, const auto&) {
    read_fact(reader, key, fields, fact);
  });
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
