#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

Json modules_to_json(const std::vector<MemoryModule>& modules) {
  Json list = Json::array();
  for (const MemoryModule& module : modules) {
    Json item = Json::object();
    put_known(item, "locator", module.locator);
    put_known(item, "bank", module.bank);
    item["bytes"] = module.bytes.value;
    put_known(item, "type", module.type);
    put_known(item, "data_bits", module.data_bits);
    put_known(item, "rated_megatransfers_per_second", module.rated_megatransfers_per_second);
    put_known(item, "configured_megatransfers_per_second",
              module.configured_megatransfers_per_second);
    put_known(item, "manufacturer", module.manufacturer);
    put_known(item, "part_number", module.part_number);
    list.push_back(std::move(item));
  }
  return list;
}

Json pools_to_json(const std::vector<HugePagePool>& pools) {
  Json list = Json::array();
  for (const HugePagePool& pool : pools) {
    list.push_back(Json{{"page_bytes", pool.page_bytes.value},
                        {"pages", pool.pages},
                        {"free_pages", pool.free_pages}});
  }
  return list;
}

Result<MemoryModule> read_module(const JsonFields& object) {
  MemoryModule module;
  const auto bytes = object.count("bytes");
  if (!bytes) return pass_on(bytes);
  module.bytes = Bytes(*bytes);
  for (const auto& [key, text] :
       {std::pair("locator", &module.locator), std::pair("bank", &module.bank),
        std::pair("type", &module.type), std::pair("manufacturer", &module.manufacturer),
        std::pair("part_number", &module.part_number)}) {
    auto found = object.optional_text(key);
    if (!found) return pass_on(found);
    *text = std::move(*found);
  }
  for (const auto& [key, count] :
       {std::pair("data_bits", &module.data_bits),
        std::pair("rated_megatransfers_per_second", &module.rated_megatransfers_per_second),
        std::pair("configured_megatransfers_per_second",
                  &module.configured_megatransfers_per_second)}) {
    const auto found = read_optional_count32(object, key);
    if (!found) return pass_on(found);
    *count = *found;
  }
  return module;
}

Result<std::vector<MemoryModule>> read_modules(const JsonFields& memory) {
  const auto objects = memory.objects("modules");
  if (!objects) return pass_on(objects);
  std::vector<MemoryModule> modules;
  for (const JsonFields& object : *objects) {
    auto module = read_module(object);
    if (!module) return pass_on(module);
    modules.push_back(std::move(*module));
  }
  return modules;
}

Result<std::vector<HugePagePool>> read_pools(const JsonFields& memory) {
  const auto objects = memory.objects("huge_page_pools");
  if (!objects) return pass_on(objects);
  std::vector<HugePagePool> pools;
  for (const JsonFields& object : *objects) {
    const auto page = object.count("page_bytes");
    if (!page) return pass_on(page);
    const auto pages = object.count("pages");
    if (!pages) return pass_on(pages);
    const auto free = object.count("free_pages");
    if (!free) return pass_on(free);
    pools.push_back({Bytes(*page), *pages, *free});
  }
  return pools;
}

}  // namespace

Json memory_to_json(const MemoryProfile& memory, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put_bytes("total_bytes", memory.total);
  writer.put_bytes("free_bytes", memory.free);
  writer.put_bytes("available_bytes", memory.available);
  writer.put_bytes("limit_bytes", memory.limit);
  writer.put_bytes("limit_headroom_bytes", memory.limit_headroom);
  writer.put_bytes("lock_limit_bytes", memory.lock_limit);
  writer.put_bytes("swap_total_bytes", memory.swap_total);
  writer.put_bytes("swap_free_bytes", memory.swap_free);
  writer.put_bytes("zram_bytes", memory.zram);
  writer.put("zswap_enabled", memory.zswap_enabled);
  writer.put("transparent_huge_pages", memory.transparent_huge_pages);
  writer.put_as("huge_page_pools", memory.huge_page_pools, pools_to_json);
  writer.put("overcommit", memory.overcommit);
  writer.put_as("modules", memory.modules, modules_to_json);
  writer.put("channels", memory.channels);
  writer.put("theoretical_bandwidth_bytes_per_second",
             memory.theoretical_bandwidth_bytes_per_second);
  writer.put("pressure_avg10", memory.pressure_avg10);
  writer.put("full_pressure_avg10", memory.full_pressure_avg10);
  return writer.take();
}

Result<void> read_memory(const JsonFields& fields, const std::string& pointer,
                         const DocumentNotes& notes, MemoryProfile& memory) {
  FactReader reader(fields, pointer, notes);
  reader.bytes("total_bytes", memory.total);
  reader.bytes("free_bytes", memory.free);
  reader.bytes("available_bytes", memory.available);
  reader.bytes("limit_bytes", memory.limit);
  reader.bytes("limit_headroom_bytes", memory.limit_headroom);
  reader.bytes("lock_limit_bytes", memory.lock_limit);
  reader.bytes("swap_total_bytes", memory.swap_total);
  reader.bytes("swap_free_bytes", memory.swap_free);
  reader.bytes("zram_bytes", memory.zram);
  reader.flag("zswap_enabled", memory.zswap_enabled);
  reader.text("transparent_huge_pages", memory.transparent_huge_pages);
  reader.list("huge_page_pools", read_pools(fields), memory.huge_page_pools);
  reader.text("overcommit", memory.overcommit);
  reader.list("modules", read_modules(fields), memory.modules);
  reader.count("channels", memory.channels);
  reader.number("theoretical_bandwidth_bytes_per_second",
                memory.theoretical_bandwidth_bytes_per_second);
  reader.number("pressure_avg10", memory.pressure_avg10);
  reader.number("full_pressure_avg10", memory.full_pressure_avg10);
  return reader.result();
}

}  // namespace assay
