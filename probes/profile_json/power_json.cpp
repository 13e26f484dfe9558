#include "probes/profile_json/fact_fields.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json zones_to_json(const std::vector<PowerZone>& zones) {
  Json list = Json::array();
  for (const PowerZone& zone : zones) {
    list.push_back(Json{{"id", zone.id},
                        {"name", zone.name},
                        {"long_term_limit_watts", or_null(zone.long_term_limit_watts)},
                        {"short_term_limit_watts", or_null(zone.short_term_limit_watts)}});
  }
  return list;
}

Json batteries_to_json(const std::vector<Battery>& batteries) {
  Json list = Json::array();
  for (const Battery& battery : batteries) {
    list.push_back(Json{{"name", battery.name},
                        {"status", or_null(battery.status)},
                        {"charge_ratio", or_null(battery.charge_ratio)},
                        {"energy_joules", or_null(battery.energy_joules)},
                        {"capacity_joules", or_null(battery.capacity_joules)},
                        {"design_capacity_joules", or_null(battery.design_capacity_joules)},
                        {"wear_ratio", or_null(battery.wear_ratio)},
                        {"power_watts", or_null(battery.power_watts)},
                        {"cycle_count", or_null(battery.cycle_count)}});
  }
  return list;
}

Json thermal_to_json(const std::vector<ThermalZone>& zones) {
  Json list = Json::array();
  for (const ThermalZone& zone : zones) {
    list.push_back(
        Json{{"name", zone.name}, {"type", zone.type}, {"celsius", or_null(zone.celsius)}});
  }
  return list;
}

/// Reads the members of a list's object, and keeps the first refusal.
class ItemReader {
 public:
  explicit ItemReader(const JsonFields& object) : object_(object) {}
  void text(std::string_view key, std::string& into) { take(object_.text(key), into); }
  void text(std::string_view key, std::optional<std::string>& into) {
    take(object_.optional_text(key), into);
  }
  void number(std::string_view key, std::optional<double>& into) {
    take(object_.optional_number(key), into);
  }
  void count(std::string_view key, std::optional<std::uint32_t>& into) {
    if (!object_.has(key)) return;
    std::uint32_t count = 0;
    take(read_count32(object_, key), count);
    into = count;
  }
  [[nodiscard]] Result<void> result() const {
    if (error_) return tl::unexpected<Error>(*error_);
    return {};
  }

 private:
  template <typename T>
  void take(Result<T> value, T& into) {
    if (value) {
      into = std::move(*value);
    } else if (!error_) {
      error_ = value.error();
    }
  }

  const JsonFields& object_;
  std::optional<Error> error_;
};

template <typename Item>
Result<std::vector<Item>> read_items(const JsonFields& power, std::string_view key,
                                     void (*read)(ItemReader& reader, Item& item)) {
  const auto objects = power.objects(key);
  if (!objects) return pass_on(objects);
  std::vector<Item> items;
  for (const JsonFields& object : *objects) {
    Item item;
    ItemReader reader(object);
    read(reader, item);
    if (const auto done = reader.result(); !done) return pass_on(done);
    items.push_back(std::move(item));
  }
  return items;
}

void read_zone(ItemReader& reader, PowerZone& zone) {
  reader.text("id", zone.id);
  reader.text("name", zone.name);
  reader.number("long_term_limit_watts", zone.long_term_limit_watts);
  reader.number("short_term_limit_watts", zone.short_term_limit_watts);
}

void read_battery(ItemReader& reader, Battery& battery) {
  reader.text("name", battery.name);
  reader.text("status", battery.status);
  reader.number("charge_ratio", battery.charge_ratio);
  reader.number("energy_joules", battery.energy_joules);
  reader.number("capacity_joules", battery.capacity_joules);
  reader.number("design_capacity_joules", battery.design_capacity_joules);
  reader.number("wear_ratio", battery.wear_ratio);
  reader.number("power_watts", battery.power_watts);
  reader.count("cycle_count", battery.cycle_count);
}

void read_thermal_zone(ItemReader& reader, ThermalZone& zone) {
  reader.text("name", zone.name);
  reader.text("type", zone.type);
  reader.number("celsius", zone.celsius);
}

}  // namespace

Json power_to_json(const PowerProfile& power, const std::string& pointer, DocumentNotes& notes) {
  FactWriter writer(pointer, notes);
  writer.put("on_battery", power.on_battery);
  writer.put("mains_online", power.mains_online);
  writer.put("platform_profile", power.platform_profile);
  writer.put_as("zones", power.zones, zones_to_json);
  writer.put("energy_readable", power.energy_readable);
  writer.put_as("batteries", power.batteries, batteries_to_json);
  writer.put_as("thermal_zones", power.thermal_zones, thermal_to_json);
  writer.put("core_throttle_count", power.core_throttle_count);
  writer.put("package_throttle_count", power.package_throttle_count);
  writer.put("device_sensors", power.device_sensors);
  return writer.take();
}

Result<void> read_power(const JsonFields& fields, const std::string& pointer,
                        const DocumentNotes& notes, PowerProfile& power) {
  FactReader reader(fields, pointer, notes);
  reader.flag("on_battery", power.on_battery);
  reader.flag("mains_online", power.mains_online);
  reader.text("platform_profile", power.platform_profile);
  reader.list("zones", read_items(fields, "zones", read_zone), power.zones);
  reader.flag("energy_readable", power.energy_readable);
  reader.list("batteries", read_items(fields, "batteries", read_battery), power.batteries);
  reader.list("thermal_zones", read_items(fields, "thermal_zones", read_thermal_zone),
              power.thermal_zones);
  reader.count("core_throttle_count", power.core_throttle_count);
  reader.count("package_throttle_count", power.package_throttle_count);
  reader.list("device_sensors", fields.texts("device_sensors"), power.device_sensors);
  return reader.result();
}

}  // namespace assay
