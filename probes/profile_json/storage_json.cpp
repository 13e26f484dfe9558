#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {

Json storage_to_json(const StorageProfile& storage, const std::string& pointer,
                     DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("filesystem", storage.filesystem);
  writer.put_bytes("free_bytes", storage.free);
  return writer.take();
}

Result<void> read_storage(const JsonFields& fields, const std::string& pointer,
                          const DocumentNotes& notes, StorageProfile& storage) {
  FactReader reader(fields, pointer, notes);
  reader.text("filesystem", storage.filesystem);
  reader.bytes("free_bytes", storage.free);
  return reader.result();
}

}  // namespace assay
