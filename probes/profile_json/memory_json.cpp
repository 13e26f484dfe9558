#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {

Json memory_to_json(const MemoryProfile& memory, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put_bytes("total_bytes", memory.total);
  writer.put_bytes("available_bytes", memory.available);
  writer.put_bytes("limit_bytes", memory.limit);
  writer.put_bytes("limit_headroom_bytes", memory.limit_headroom);
  writer.put_bytes("swap_total_bytes", memory.swap_total);
  writer.put("theoretical_bandwidth_bytes_per_second",
             memory.theoretical_bandwidth_bytes_per_second);
  writer.put("pressure_avg10", memory.pressure_avg10);
  return writer.take();
}

Result<void> read_memory(const JsonFields& fields, const std::string& pointer,
                         const DocumentNotes& notes, MemoryProfile& memory) {
  FactReader reader(fields, pointer, notes);
  reader.bytes("total_bytes", memory.total);
  reader.bytes("available_bytes", memory.available);
  reader.bytes("limit_bytes", memory.limit);
  reader.bytes("limit_headroom_bytes", memory.limit_headroom);
  reader.bytes("swap_total_bytes", memory.swap_total);
  reader.number("theoretical_bandwidth_bytes_per_second",
                memory.theoretical_bandwidth_bytes_per_second);
  reader.number("pressure_avg10", memory.pressure_avg10);
  return reader.result();
}

}  // namespace assay
