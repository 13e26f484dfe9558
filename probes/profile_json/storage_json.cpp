#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

template <typename Enum, std::size_t Count>
void put_enum(FactWriter& writer, const std::string& key, const Fact<Enum>& fact,
              const EnumTable<Enum, Count>& names) {
  writer.put_as(key, fact, [&names](Enum value) { return Json(std::string(names.name(value))); });
}

/// A word of a newer document that is not known here makes the fact unknown.
template <typename Enum, std::size_t Count>
void read_enum(FactReader& reader, const std::string& key, const DocumentNotes& notes,
               const EnumTable<Enum, Count>& names, Fact<Enum>& fact) {
  Fact<std::string> word;
  reader.text(key, word);
  const auto value = word.is_known() ? names.value(word.value()) : std::nullopt;
  if (word.is_known() && !value) {
    fact = Fact<Enum>::unknown("the document names a kind that is not known here");
  } else {
    fact = fact_from(value, reader.place(key), notes);
  }
}

}  // namespace

Json storage_to_json(const StorageProfile& storage, const std::string& pointer,
                     DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("filesystem", storage.filesystem);
  writer.put_bytes("free_bytes", storage.free);
  writer.put_bytes("total_bytes", storage.total);
  put_enum(writer, "source", storage.source, k_storage_source_names);
  writer.put("compressed", storage.compressed);
  writer.put("layers", storage.layers);
  writer.put("device", storage.device);
  writer.put("device_count", storage.device_count);
  writer.put("model", storage.model);
  writer.put_bytes("device_bytes", storage.device_size);
  put_enum(writer, "kind", storage.kind, k_drive_kind_names);
  writer.put("rotational", storage.rotational);
  writer.put("transport", storage.transport);
  writer.put("link_bandwidth_bytes_per_second", storage.link_bandwidth_bytes_per_second);
  return writer.take();
}

Result<void> read_storage(const JsonFields& fields, const std::string& pointer,
                          const DocumentNotes& notes, StorageProfile& storage) {
  FactReader reader(fields, pointer, notes);
  reader.text("filesystem", storage.filesystem);
  reader.bytes("free_bytes", storage.free);
  reader.bytes("total_bytes", storage.total);
  read_enum(reader, "source", notes, k_storage_source_names, storage.source);
  reader.flag("compressed", storage.compressed);
  reader.list("layers", fields.texts("layers"), storage.layers);
  reader.text("device", storage.device);
  reader.count("device_count", storage.device_count);
  reader.text("model", storage.model);
  reader.bytes("device_bytes", storage.device_size);
  read_enum(reader, "kind", notes, k_drive_kind_names, storage.kind);
  reader.flag("rotational", storage.rotational);
  reader.text("transport", storage.transport);
  reader.number("link_bandwidth_bytes_per_second", storage.link_bandwidth_bytes_per_second);
  return reader.result();
}

}  // namespace assay
