#include "probes/machine_profile_json.hpp"
#include "base/number.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t k_most_items = 4096;  // no machine has more caches, kinds or devices

/// One object being written: its facts go into the object and into the notes.
class FactWriter {
 public:
  FactWriter(std::string pointer, DocumentNotes& notes)
      : pointer_(std::move(pointer)), notes_(notes), object_(Json::object()) {}

  template <typename T>
  void put(const std::string& key, const Fact<T>& fact) {
    put_fact(object_, pointer_, key, fact, notes_);
  }
  void put_bytes(const std::string& key, const Fact<Bytes>& fact) {
    put_fact(object_, pointer_, key, fact, notes_, [](Bytes bytes) { return Json(bytes.value); });
  }
  template <typename T, typename ToJson>
  void put_as(const std::string& key, const Fact<T>& fact, ToJson to_json) {
    put_fact(object_, pointer_, key, fact, notes_, to_json);
  }
  Json& operator[](const std::string& key) { return object_[key]; }
  [[nodiscard]] std::string place(const std::string& key) const { return pointer_ + "/" + key; }
  [[nodiscard]] Json take() { return std::move(object_); }

 private:
  std::string pointer_;
  DocumentNotes& notes_;
  Json object_;
};

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

std::string pci_id_text(std::uint16_t id) { return fmt::format("0x{:04x}", id); }

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

Json npu_to_json(const NpuProfile& npu, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer["pci_address"] = npu.pci_address;
  writer["vendor_id"] = pci_id_text(npu.vendor_id);
  writer["device_id"] = pci_id_text(npu.device_id);
  writer["name"] = npu.name;
  writer.put("driver", npu.driver);
  writer.put("device_node", npu.device_node);
  writer.put("accessible", npu.accessible);
  writer.put("tops_low", npu.tops_low);
  writer.put("tops_high", npu.tops_high);
  return writer.take();
}

/// The list of devices, or null with its reason when nobody could look.
template <typename Device, typename ToJson>
Json devices_to_json(const std::vector<Device>& devices, const Fact<std::uint32_t>& count,
                     const std::string& place, DocumentNotes& notes, ToJson to_json) {
  if (!count.is_known() && devices.empty()) {
    notes.reasons[place] = count.reason();
    return nullptr;
  }
  if (count.is_known()) notes.sources[place] = count.source();
  Json list = Json::array();
  for (const Device& device : devices) {
    list.push_back(to_json(device, fmt::format("{}/{}", place, list.size()), notes));
  }
  return list;
}

Json os_to_json(const OsProfile& os, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("name", os.name);
  writer.put("kernel", os.kernel);
  writer.put("architecture", os.architecture);
  writer.put("hypervisor", os.hypervisor);
  writer.put("container", os.container);
  writer.put("wsl", os.wsl);
  return writer.take();
}

/// One object being read: typed facts, and the first refusal.
class FactReader {
 public:
  FactReader(const JsonFields& fields, std::string pointer, const DocumentNotes& notes)
      : fields_(fields), pointer_(std::move(pointer)), notes_(notes) {}

  [[nodiscard]] std::string place(std::string_view key) const {
    return fmt::format("{}/{}", pointer_, key);
  }
  void text(std::string_view key, Fact<std::string>& fact) {
    take(key, fields_.optional_text(key), fact);
  }
  void number(std::string_view key, Fact<double>& fact) {
    take(key, fields_.optional_number(key), fact);
  }
  void flag(std::string_view key, Fact<bool>& fact) { take(key, fields_.optional_flag(key), fact); }
  void bytes(std::string_view key, Fact<Bytes>& fact) {
    take_as<Bytes>(key, fields_.optional_count(key), fact,
                   [](std::uint64_t count) { return Bytes(count); });
  }
  void count(std::string_view key, Fact<std::uint32_t>& fact) {
    const auto found = fields_.optional_count(key);
    if (found && *found && **found > std::numeric_limits<std::uint32_t>::max()) {
      refuse(fields_.refuse(key, fmt::format("{} found (expected at most 2^32 - 1)", **found)));
      return;
    }
    take_as<std::uint32_t>(key, found, fact,
                           [](std::uint64_t value) { return static_cast<std::uint32_t>(value); });
  }
  /// A list of objects or texts, given as a Result; null and missing are unknown.
  template <typename T>
  void list(std::string_view key, Result<std::vector<T>> items, Fact<std::vector<T>>& fact) {
    std::optional<std::vector<T>> value;
    if (fields_.has(key)) {
      if (!items) return refuse(pass_on(items));
      if (items->size() > k_most_items) {
        return refuse(fields_.refuse(
            key, fmt::format("{} items found (expected at most {})", items->size(), k_most_items)));
      }
      value = std::move(*items);
    }
    fact = fact_from(std::move(value), place(key), notes_);
  }
  template <typename T>
  void take(std::string_view key, Result<std::optional<T>> found, Fact<T>& fact) {
    if (!found) return refuse(pass_on(found));
    fact = fact_from(std::move(*found), place(key), notes_);
  }
  void refuse(tl::unexpected<Error> refusal) {
    if (!error_) error_ = refusal.value();
  }
  [[nodiscard]] Result<void> result() const {
    if (error_) return tl::unexpected<Error>(*error_);
    return {};
  }

 private:
  template <typename T, typename Found, typename Convert>
  void take_as(std::string_view key, const Result<std::optional<Found>>& found, Fact<T>& fact,
               Convert convert) {
    if (!found) return refuse(pass_on(found));
    std::optional<T> value;
    if (*found) value = convert(**found);
    fact = fact_from(std::move(value), place(key), notes_);
  }

  const JsonFields& fields_;
  std::string pointer_;
  const DocumentNotes& notes_;
  std::optional<Error> error_;
};

Result<std::uint32_t> read_count32(const JsonFields& fields, std::string_view key) {
  const auto count = fields.count(key);
  if (!count) return pass_on(count);
  if (*count > std::numeric_limits<std::uint32_t>::max()) {
    return fields.refuse(key, fmt::format("{} found (expected at most 2^32 - 1)", *count));
  }
  return static_cast<std::uint32_t>(*count);
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

/// The object under `key`, or nothing when the document lacks it.
Result<std::optional<JsonFields>> optional_object(const JsonFields& fields, std::string_view key) {
  if (!fields.has(key)) return std::optional<JsonFields>();
  auto object = fields.object(key);
  if (!object) return pass_on(object);
  return std::optional<JsonFields>(std::move(*object));
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

/// A PCI id as "0x10de"; 0 when the document lacks it.
Result<std::uint16_t> read_pci_id(const JsonFields& fields, std::string_view key) {
  const auto text = fields.optional_text(key);
  if (!text) return pass_on(text);
  if (!*text) return std::uint16_t{0};
  const auto id = parse_hexadecimal<std::uint16_t>(**text);
  if (!id) return fields.refuse(key, "not a PCI id (expected a text as \"0x10de\")");
  return *id;
}

template <typename Device>
Result<void> read_pci_fields(const JsonFields& fields, Device& device) {
  auto address = fields.optional_text("pci_address");
  if (!address) return pass_on(address);
  device.pci_address = address->value_or("");
  const auto vendor_id = read_pci_id(fields, "vendor_id");
  if (!vendor_id) return pass_on(vendor_id);
  device.vendor_id = *vendor_id;
  const auto device_id = read_pci_id(fields, "device_id");
  if (!device_id) return pass_on(device_id);
  device.device_id = *device_id;
  return {};
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
  reader.number("tops_low", npu.tops_low);
  reader.number("tops_high", npu.tops_high);
  return reader.result();
}

template <typename Device, typename Read>
Result<void> read_devices(const JsonFields& fields, const std::string& key,
                          const std::string& pointer, const DocumentNotes& notes,
                          std::vector<Device>& devices, Fact<std::uint32_t>& count, Read read) {
  const std::string place = fmt::format("{}/{}", pointer, key);
  std::optional<std::uint32_t> size;
  if (fields.has(key)) {
    const auto objects = fields.objects(key);
    if (!objects) return pass_on(objects);
    if (objects->size() > k_most_items) return fields.refuse(key, "more devices than plausible");
    for (const JsonFields& object : *objects) {
      Device device;
      const std::string at = fmt::format("{}/{}", place, devices.size());
      if (auto done = read(object, at, notes, device); !done) return done;
      devices.push_back(std::move(device));
    }
    size = static_cast<std::uint32_t>(devices.size());
  }
  count = fact_from(size, place, notes);
  return {};
}

Result<void> read_surroundings(const JsonFields& fields, const std::string& pointer,
                               const DocumentNotes& notes, MachineProfile& profile) {
  const Json nothing = Json::object();
  const auto section = [&](std::string_view key, auto read) -> Result<void> {
    const auto object = optional_object(fields, key);
    if (!object) return pass_on(object);
    const JsonFields used = object->value_or(JsonFields(nothing, {}));
    FactReader reader(used, fmt::format("{}/{}", pointer, key), notes);
    read(reader);
    return reader.result();
  };
  auto done = section("os", [&](FactReader& reader) {
    reader.text("name", profile.os.name);
    reader.text("kernel", profile.os.kernel);
    reader.text("architecture", profile.os.architecture);
    reader.text("hypervisor", profile.os.hypervisor);
    reader.text("container", profile.os.container);
    reader.flag("wsl", profile.os.wsl);
  });
  if (!done) return done;
  done = section("power", [&](FactReader& reader) {
    reader.flag("on_battery", profile.power.on_battery);
    reader.text("platform_profile", profile.power.platform_profile);
  });
  if (!done) return done;
  return section("storage", [&](FactReader& reader) {
    reader.text("filesystem", profile.storage.filesystem);
    reader.bytes("free_bytes", profile.storage.free);
  });
}

}  // namespace

Json profile_to_json(const MachineProfile& profile, const std::string& pointer,
                     DocumentNotes& notes) {
  Json machine = Json::object();
  machine["id"] = profile.id;
  machine["root"] = profile.root;
  machine["cpu"] = cpu_to_json(profile.cpu, pointer + "/cpu", notes);
  machine["memory"] = memory_to_json(profile.memory, pointer + "/memory", notes);
  machine["gpus"] =
      devices_to_json(profile.gpus, profile.gpu_count, pointer + "/gpus", notes, gpu_to_json);
  machine["npus"] =
      devices_to_json(profile.npus, profile.npu_count, pointer + "/npus", notes, npu_to_json);
  FactWriter storage(pointer + "/storage", notes);
  storage.put("filesystem", profile.storage.filesystem);
  storage.put_bytes("free_bytes", profile.storage.free);
  machine["storage"] = storage.take();
  FactWriter power(pointer + "/power", notes);
  power.put("on_battery", profile.power.on_battery);
  power.put("platform_profile", profile.power.platform_profile);
  machine["power"] = power.take();
  machine["os"] = os_to_json(profile.os, pointer + "/os", notes);
  return machine;
}

Result<MachineProfile> profile_from_json(const JsonFields& fields, const std::string& pointer,
                                         const DocumentNotes& notes) {
  MachineProfile profile;
  auto id = fields.optional_text("id");
  if (!id) return pass_on(id);
  profile.id = id->value_or("");
  auto root = fields.optional_text("root");
  if (!root) return pass_on(root);
  profile.root = root->value_or("");
  const Json nothing = Json::object();
  const auto cpu = optional_object(fields, "cpu");
  if (!cpu) return pass_on(cpu);
  auto done =
      read_cpu(cpu->value_or(JsonFields(nothing, {})), pointer + "/cpu", notes, profile.cpu);
  if (!done) return pass_on(done);
  const auto memory = optional_object(fields, "memory");
  if (!memory) return pass_on(memory);
  done = read_memory(memory->value_or(JsonFields(nothing, {})), pointer + "/memory", notes,
                     profile.memory);
  if (!done) return pass_on(done);
  done = read_devices(fields, "gpus", pointer, notes, profile.gpus, profile.gpu_count, read_gpu);
  if (!done) return pass_on(done);
  done = read_devices(fields, "npus", pointer, notes, profile.npus, profile.npu_count, read_npu);
  if (!done) return pass_on(done);
  done = read_surroundings(fields, pointer, notes, profile);
  if (!done) return pass_on(done);
  return profile;
}

}  // namespace assay
