#include "probes/machine_profile_json.hpp"

#include <fmt/format.h>

#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

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

/// Reads the object under `key`; an empty one when the document lacks it.
template <typename Section>
Result<void> read_section(const JsonFields& fields, const std::string& key,
                          const std::string& pointer, const DocumentNotes& notes, Section& section,
                          Result<void> (*read)(const JsonFields&, const std::string&,
                                               const DocumentNotes&, Section&)) {
  const std::string place = fmt::format("{}/{}", pointer, key);
  const Json nothing = Json::object();
  if (!fields.has(key)) return read(JsonFields(nothing, {}), place, notes, section);
  const auto object = fields.object(key);
  if (!object) return pass_on(object);
  return read(*object, place, notes, section);
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
  machine["storage"] = storage_to_json(profile.storage, pointer + "/storage", notes);
  machine["power"] = power_to_json(profile.power, pointer + "/power", notes);
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
  auto done = read_section(fields, "cpu", pointer, notes, profile.cpu, read_cpu);
  if (done) done = read_section(fields, "memory", pointer, notes, profile.memory, read_memory);
  if (done) {
    done = read_devices(fields, "gpus", pointer, notes, profile.gpus, profile.gpu_count, read_gpu);
    if (profile.gpu_count.is_known()) {
      profile.gpu_count =
          Fact<std::uint32_t>::known(hardware_gpus(profile.gpus), profile.gpu_count.source());
    }
  }
  if (done) {
    done = read_devices(fields, "npus", pointer, notes, profile.npus, profile.npu_count, read_npu);
  }
  if (done) done = read_section(fields, "os", pointer, notes, profile.os, read_os);
  if (done) done = read_section(fields, "power", pointer, notes, profile.power, read_power);
  if (done) done = read_section(fields, "storage", pointer, notes, profile.storage, read_storage);
  if (!done) return pass_on(done);
  return profile;
}

}  // namespace assay
