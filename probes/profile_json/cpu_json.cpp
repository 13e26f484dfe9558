#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

Json core_types_to_json(const std::vector<CoreType>& types) {
  Json list = Json::array();
  for (const CoreType& type : types) {
    list.push_back(Json{{"kind", type.kind}, {"cores", type.cores}, {"threads", type.threads}});
  }
  return list;
}

Json caches_to_json(const std::vector<CacheLevel>& caches) {
  Json list = Json::array();
  for (const CacheLevel& cache : caches) {
    list.push_back(Json{{"level", cache.level},
                        {"type", cache.type},
                        {"bytes", cache.bytes.value},
                        {"instances", cache.instances}});
  }
  return list;
}

Result<std::vector<CoreType>> read_core_types(const JsonFields& cpu) {
  const auto objects = cpu.objects("core_types");
  if (!objects) return pass_on(objects);
  std::vector<CoreType> types;
  for (const JsonFields& object : *objects) {
    auto kind = object.text("kind");
    if (!kind) return pass_on(kind);
    const auto cores = read_count32(object, "cores");
    if (!cores) return pass_on(cores);
    const auto threads = read_count32(object, "threads");
    if (!threads) return pass_on(threads);
    types.push_back({std::move(*kind), *cores, *threads});
  }
  return types;
}

Result<std::vector<CacheLevel>> read_caches(const JsonFields& cpu) {
  const auto objects = cpu.objects("caches");
  if (!objects) return pass_on(objects);
  std::vector<CacheLevel> caches;
  for (const JsonFields& object : *objects) {
    const auto level = read_count32(object, "level");
    if (!level) return pass_on(level);
    auto type = object.text("type");
    if (!type) return pass_on(type);
    const auto bytes = object.count("bytes");
    if (!bytes) return pass_on(bytes);
    const auto instances = read_count32(object, "instances");
    if (!instances) return pass_on(instances);
    caches.push_back({*level, std::move(*type), Bytes(*bytes), *instances});
  }
  return caches;
}

}  // namespace

Json cpu_to_json(const CpuProfile& cpu, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("vendor", cpu.vendor);
  writer.put("brand", cpu.brand);
  writer.put("family", cpu.family);
  writer.put("model", cpu.model);
  writer.put("stepping", cpu.stepping);
  writer.put("packages", cpu.packages);
  writer.put("numa_nodes", cpu.numa_nodes);
  writer.put("physical_cores", cpu.physical_cores);
  writer.put("logical_cores", cpu.logical_cores);
  writer.put("usable_cpus", cpu.usable_cpus);
  writer.put_as("core_types", cpu.core_types, core_types_to_json);
  writer.put("isa", cpu.isa);
  writer.put("isa_level", cpu.isa_level);
  writer.put_as("caches", cpu.caches, caches_to_json);
  writer.put("max_frequency_hertz", cpu.max_frequency_hertz);
  writer.put("governor", cpu.governor);
  return writer.take();
}

Result<void> read_cpu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, CpuProfile& cpu) {
  FactReader reader(fields, pointer, notes);
  reader.text("vendor", cpu.vendor);
  reader.text("brand", cpu.brand);
  reader.count("family", cpu.family);
  reader.count("model", cpu.model);
  reader.count("stepping", cpu.stepping);
  reader.count("packages", cpu.packages);
  reader.count("numa_nodes", cpu.numa_nodes);
  reader.count("physical_cores", cpu.physical_cores);
  reader.count("logical_cores", cpu.logical_cores);
  reader.count("usable_cpus", cpu.usable_cpus);
  reader.list("core_types", read_core_types(fields), cpu.core_types);
  reader.list("isa", fields.texts("isa"), cpu.isa);
  reader.count("isa_level", cpu.isa_level);
  reader.list("caches", read_caches(fields), cpu.caches);
  reader.number("max_frequency_hertz", cpu.max_frequency_hertz);
  reader.text("governor", cpu.governor);
  return reader.result();
}

}  // namespace assay
