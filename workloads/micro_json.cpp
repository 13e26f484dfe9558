#include "workloads/micro_json.hpp"

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "workloads/limits_json.hpp"
#include "workloads/run_result_json.hpp"

namespace assay {
namespace {

struct MicroPlace {
  std::string_view key;
  std::map<unsigned, Statistic> MicroResults::* statistics;
};
constexpr MicroPlace k_micro_places[] = {
    {"read_bandwidth_bytes_per_second", &MicroResults::read_bandwidth_bytes_per_second},
    {"fma_flops_per_second", &MicroResults::fma_flops_per_second},
    {"int8_ops_per_second", &MicroResults::int8_ops_per_second},
    {"bf16_flops_per_second", &MicroResults::bf16_flops_per_second},
};

constexpr std::uint64_t k_most_group = 1024;  // queries of one K/V head

std::optional<unsigned> thread_count(std::string_view text) {
  unsigned threads = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), threads);
  if (problem != std::errc{} || end != text.data() + text.size() || threads == 0) {
    return std::nullopt;
  }
  return threads;
}

/// An object from thread count to what `to_json` makes of a value.
template <typename T, typename ToJson>
Json by_threads(const std::map<unsigned, T>& values, ToJson to_json) {
  Json json = Json::object();
  for (const auto& [threads, value] : values) json[std::to_string(threads)] = to_json(value);
  return json;
}

/// The inverse; `read` takes the object and a key of it. Empty where `key` is absent.
template <typename T, typename Read>
Result<std::map<unsigned, T>> by_threads_from(const JsonFields& micro, std::string_view key,
                                              Read read) {
  std::map<unsigned, T> values;
  if (!micro.has(key)) return values;
  const auto object = micro.object(key);
  if (!object) return pass_on(object);
  for (const auto& [name, unused] : object->json().items()) {
    const auto threads = thread_count(name);
    if (!threads) return object->refuse(name, "not a number of threads");
    Result<T> value = read(*object, name);
    if (!value) return pass_on(value);
    values.emplace(*threads, std::move(*value));
  }
  return values;
}

Result<Statistic> statistic_at(const JsonFields& fields, std::string_view key) {
  const auto object = fields.object(key);
  if (!object) return pass_on(object);
  return statistic_from_json(*object);
}

Json sized_reads_to_json(const std::vector<SizedRead>& reads) {
  Json json = Json::array();
  for (const SizedRead& read : reads) {
    json.push_back({{"bytes", read.size.value},
                    {"bytes_per_second", statistic_to_json(read.bytes_per_second)}});
  }
  return json;
}

Result<std::vector<SizedRead>> sized_reads_at(const JsonFields& fields, std::string_view key) {
  const auto objects = fields.objects(key);
  if (!objects) return pass_on(objects);
  std::vector<SizedRead> reads;
  for (const JsonFields& object : *objects) {
    const auto bytes = object.count("bytes");
    if (!bytes) return pass_on(bytes);
    if (*bytes <= (reads.empty() ? 0 : reads.back().size.value)) {
      return object.refuse("bytes", "sizes do not rise");
    }
    auto rate = statistic_at(object, "bytes_per_second");
    if (!rate) return pass_on(rate);
    reads.push_back({Bytes(*bytes), std::move(*rate)});
  }
  return reads;
}

Json kernel_speeds_to_json(const std::vector<KernelSpeed>& speeds) {
  Json json = Json::array();
  for (const KernelSpeed& speed : speeds) {
    json.push_back({{"format", speed.format},
                    {"decode_bytes_per_second", statistic_to_json(speed.decode_bytes_per_second)},
                    {"prefill_ops_per_second", statistic_to_json(speed.prefill_ops_per_second)}});
  }
  return json;
}

Result<std::vector<KernelSpeed>> kernel_speeds_at(const JsonFields& fields, std::string_view key) {
  const auto objects = fields.objects(key);
  if (!objects) return pass_on(objects);
  std::vector<KernelSpeed> speeds;
  for (const JsonFields& object : *objects) {
    auto format = object.text("format");
    if (!format) return pass_on(format);
    auto decode = statistic_at(object, "decode_bytes_per_second");
    if (!decode) return pass_on(decode);
    auto prefill = statistic_at(object, "prefill_ops_per_second");
    if (!prefill) return pass_on(prefill);
    speeds.push_back({std::move(*format), std::move(*decode), std::move(*prefill)});
  }
  return speeds;
}

Json attention_speeds_to_json(const std::vector<AttentionSpeed>& speeds) {
  Json json = Json::array();
  for (const AttentionSpeed& speed : speeds) {
    json.push_back({{"group", speed.group},
                    {"positions_per_second", statistic_to_json(speed.positions_per_second)}});
  }
  return json;
}

Result<std::vector<AttentionSpeed>> attention_speeds_at(const JsonFields& fields,
                                                        std::string_view key) {
  const auto objects = fields.objects(key);
  if (!objects) return pass_on(objects);
  std::vector<AttentionSpeed> speeds;
  for (const JsonFields& object : *objects) {
    const auto group = object.count("group");
    if (!group) return pass_on(group);
    if (*group == 0 || *group > k_most_group) return object.refuse("group", "no group of queries");
    auto rate = statistic_at(object, "positions_per_second");
    if (!rate) return pass_on(rate);
    speeds.push_back({static_cast<std::uint32_t>(*group), std::move(*rate)});
  }
  return speeds;
}

}  // namespace

Json micro_to_json(const MicroResults& micro, const std::string& pointer, DocumentNotes& notes) {
  Json json;
  json["isa"] = micro.isa.empty() ? Json(nullptr) : Json(micro.isa);
  if (micro.isa.empty()) notes.reasons[pointer + "/isa"] = "nothing was measured";
  for (const MicroPlace& place : k_micro_places) {
    const auto& statistics = micro.*place.statistics;
    const bool native_only = place.statistics == &MicroResults::bf16_flops_per_second;
    if (native_only && statistics.empty()) continue;
    json[std::string(place.key)] = by_threads(statistics, statistic_to_json);
  }
  json["read_pattern"] =
      by_threads(micro.read_pattern, [](const std::string& pattern) { return Json(pattern); });
  if (!micro.read_by_size.empty()) {
    json["read_by_size"] = by_threads(micro.read_by_size, sized_reads_to_json);
  }
  if (!micro.kernels.empty()) json["kernels"] = by_threads(micro.kernels, kernel_speeds_to_json);
  if (!micro.attention.empty()) {
    json["attention"] = by_threads(micro.attention, attention_speeds_to_json);
  }
  put_placed_limits(json, micro, pointer, notes);
  return json;
}

Result<MicroResults> micro_from_json(const JsonFields& fields, const std::string& pointer,
                                     const DocumentNotes& notes) {
  MicroResults micro;
  auto isa = fields.optional_text("isa");
  if (!isa) return pass_on(isa);
  micro.isa = isa->value_or("");
  for (const MicroPlace& place : k_micro_places) {
    auto statistics = by_threads_from<Statistic>(fields, place.key, statistic_at);
    if (!statistics) return pass_on(statistics);
    micro.*place.statistics = std::move(*statistics);
  }
  auto patterns = by_threads_from<std::string>(
      fields, "read_pattern",
      [](const JsonFields& object, std::string_view name) { return object.text(name); });
  if (!patterns) return pass_on(patterns);
  micro.read_pattern = std::move(*patterns);
  auto sizes = by_threads_from<std::vector<SizedRead>>(fields, "read_by_size", sized_reads_at);
  if (!sizes) return pass_on(sizes);
  micro.read_by_size = std::move(*sizes);
  auto kernels = by_threads_from<std::vector<KernelSpeed>>(fields, "kernels", kernel_speeds_at);
  if (!kernels) return pass_on(kernels);
  micro.kernels = std::move(*kernels);
  auto attention =
      by_threads_from<std::vector<AttentionSpeed>>(fields, "attention", attention_speeds_at);
  if (!attention) return pass_on(attention);
  micro.attention = std::move(*attention);
  if (auto read = read_placed_limits(fields, pointer, notes, micro); !read) return pass_on(read);
  return micro;
}

}  // namespace assay
