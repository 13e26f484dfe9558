#include "workloads/limits_json.hpp"

#include <array>
#include <limits>
#include <utility>

#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

struct StoragePlace {
  const char* key;
  Fact<Statistic> StorageSpeed::* rate;
};
constexpr std::array k_storage_places{
    StoragePlace{"direct_queue1_bytes_per_second", &StorageSpeed::direct_queue1_bytes_per_second},
    StoragePlace{"direct_queue8_bytes_per_second", &StorageSpeed::direct_queue8_bytes_per_second},
    StoragePlace{"mapped_cold_bytes_per_second", &StorageSpeed::mapped_cold_bytes_per_second},
    StoragePlace{"warm_bytes_per_second", &StorageSpeed::warm_bytes_per_second},
};

Json placed_read_to_json(const PlacedRead& read) {
  Json json;
  json["cores"] = read.cores;
  json["memory"] = read.memory.empty() ? Json(nullptr) : Json(read.memory);
  json["threads"] = read.threads;
  json["bytes_per_second"] = statistic_to_json(read.bytes_per_second);
  return json;
}

Result<PlacedRead> placed_read_from(const JsonFields& fields) {
  auto cores = fields.text("cores");
  if (!cores) return pass_on(cores);
  auto memory = fields.optional_text("memory");
  if (!memory) return pass_on(memory);
  const auto threads = fields.count("threads");
  if (!threads) return pass_on(threads);
  if (*threads == 0 || *threads > std::numeric_limits<unsigned>::max()) {
    return fields.refuse("threads", "not a number of threads");
  }
  const auto rate = fields.object("bytes_per_second");
  if (!rate) return pass_on(rate);
  auto statistic = statistic_from_json(*rate);
  if (!statistic) return pass_on(statistic);
  return PlacedRead{.cores = std::move(*cores),
                    .memory = memory->value_or(""),
                    .threads = static_cast<unsigned>(*threads),
                    .bytes_per_second = std::move(*statistic)};
}

Result<StorageSpeed> storage_from(const JsonFields& fields, const std::string& pointer,
                                  const DocumentNotes& notes) {
  StorageSpeed speed;
  const auto bytes = fields.count("file_bytes");
  if (!bytes) return pass_on(bytes);
  speed.file = Bytes(*bytes);
  for (const StoragePlace& place : k_storage_places) {
    std::optional<Statistic> value;
    if (fields.has(place.key)) {
      const auto object = fields.object(place.key);
      if (!object) return pass_on(object);
      auto statistic = statistic_from_json(*object);
      if (!statistic) return pass_on(statistic);
      value = std::move(*statistic);
    }
    speed.*place.rate = fact_from(std::move(value), pointer + "/" + place.key, notes);
  }
  return speed;
}

}  // namespace

void put_placed_limits(Json& micro, const MicroResults& results, const std::string& pointer,
                       DocumentNotes& notes) {
  if (!results.placed_reads.empty()) {
    micro["placed_reads"] = Json::array();
    for (const PlacedRead& read : results.placed_reads) {
      micro["placed_reads"].push_back(placed_read_to_json(read));
    }
  }
  if (!results.storage) return;
  Json json;
  json["file_bytes"] = results.storage->file.value;
  for (const StoragePlace& place : k_storage_places) {
    put_fact(json, pointer + "/storage", place.key, results.storage.value().*place.rate, notes,
             statistic_to_json);
  }
  micro["storage"] = std::move(json);
}

Result<void> read_placed_limits(const JsonFields& micro, const std::string& pointer,
                                const DocumentNotes& notes, MicroResults& results) {
  if (micro.has("placed_reads")) {
    const auto objects = micro.objects("placed_reads");
    if (!objects) return pass_on(objects);
    for (const JsonFields& object : *objects) {
      auto read = placed_read_from(object);
      if (!read) return pass_on(read);
      results.placed_reads.push_back(std::move(*read));
    }
  }
  if (!micro.has("storage")) return {};
  const auto object = micro.object("storage");
  if (!object) return pass_on(object);
  auto storage = storage_from(*object, pointer + "/storage", notes);
  if (!storage) return pass_on(storage);
  results.storage = std::move(*storage);
  return {};
}

}  // namespace assay
