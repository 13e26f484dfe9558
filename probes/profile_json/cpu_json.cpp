#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

Json core_types_to_json(const std::vector<CoreType>& types) {
  Json list = Json::array();
  for (const CoreType& type : types) {
    Json item{{"kind", type.kind}, {"cores", type.cores}, {"threads", type.threads}};
    put_known(item, "name", type.name);
    put_known(item, "max_frequency_hertz", type.max_frequency_hertz);
    put_known(item, "base_frequency_hertz", type.base_frequency_hertz);
    list.push_back(std::move(item));
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

Json memory_nodes_to_json(const std::vector<MemoryNode>& nodes) {
  Json list = Json::array();
  for (const MemoryNode& node : nodes) {
    Json item{{"node", node.node}};
    if (node.bytes) item["bytes"] = node.bytes->value;
    item["cpus"] = node.cpus;
    item["permitted"] = node.permitted;
    list.push_back(std::move(item));
  }
  return list;
}

Result<std::vector<MemoryNode>> read_memory_nodes(const JsonFields& cpu) {
  const auto objects = cpu.objects("memory_nodes");
  if (!objects) return pass_on(objects);
  std::vector<MemoryNode> nodes;
  for (const JsonFields& object : *objects) {
    const auto node = read_count32(object, "node");
    if (!node) return pass_on(node);
    const auto bytes = object.optional_count("bytes");
    if (!bytes) return pass_on(bytes);
    const auto cpus = read_count32(object, "cpus");
    if (!cpus) return pass_on(cpus);
    const auto permitted = object.flag("permitted");
    if (!permitted) return pass_on(permitted);
    nodes.push_back(
        {*node, *bytes ? std::optional(Bytes(**bytes)) : std::nullopt, *cpus, *permitted});
  }
  return nodes;
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
    auto name = object.optional_text("name");
    if (!name) return pass_on(name);
    const auto max = object.optional_number("max_frequency_hertz");
    if (!max) return pass_on(max);
    const auto base = object.optional_number("base_frequency_hertz");
    if (!base) return pass_on(base);
    types.push_back({std::move(*kind), *cores, *threads, std::move(*name), *max, *base});
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
  writer.put_as("memory_nodes", cpu.memory_nodes, memory_nodes_to_json);
  writer.put("physical_cores", cpu.physical_cores);
  writer.put("logical_cores", cpu.logical_cores);
  writer.put("usable_cpus", cpu.usable_cpus);
  writer.put("smt_active", cpu.smt_active);
  writer.put_as("core_types", cpu.core_types, core_types_to_json);
  writer.put("isa", cpu.isa);
  writer.put("isa_level", cpu.isa_level);
  writer.put("amx_silicon", cpu.amx_silicon);
  writer.put("amx_os_enabled", cpu.amx_os_enabled);
  writer.put("amx_process_permitted", cpu.amx_process_permitted);
  writer.put("sve_vector_bits", cpu.sve_vector_bits);
  writer.put_as("caches", cpu.caches, caches_to_json);
  writer.put("max_frequency_hertz", cpu.max_frequency_hertz);
  writer.put("base_frequency_hertz", cpu.base_frequency_hertz);
  writer.put("scaling_driver", cpu.scaling_driver);
  writer.put("governor", cpu.governor);
  writer.put("energy_performance_preference", cpu.energy_performance_preference);
  writer.put("boost", cpu.boost);
  writer.put("microcode", cpu.microcode);
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
  reader.list("memory_nodes", read_memory_nodes(fields), cpu.memory_nodes);
  reader.count("physical_cores", cpu.physical_cores);
  reader.count("logical_cores", cpu.logical_cores);
  reader.count("usable_cpus", cpu.usable_cpus);
  reader.flag("smt_active", cpu.smt_active);
  reader.list("core_types", read_core_types(fields), cpu.core_types);
  reader.list("isa", fields.texts("isa"), cpu.isa);
  reader.count("isa_level", cpu.isa_level);
  reader.flag("amx_silicon", cpu.amx_silicon);
  reader.flag("amx_os_enabled", cpu.amx_os_enabled);
  reader.flag("amx_process_permitted", cpu.amx_process_permitted);
  reader.count("sve_vector_bits", cpu.sve_vector_bits);
  reader.list("caches", read_caches(fields), cpu.caches);
  reader.number("max_frequency_hertz", cpu.max_frequency_hertz);
  reader.number("base_frequency_hertz", cpu.base_frequency_hertz);
  reader.text("scaling_driver", cpu.scaling_driver);
  reader.text("governor", cpu.governor);
  reader.text("energy_performance_preference", cpu.energy_performance_preference);
  reader.flag("boost", cpu.boost);
  reader.text("microcode", cpu.microcode);
  return reader.result();
}

}  // namespace assay
