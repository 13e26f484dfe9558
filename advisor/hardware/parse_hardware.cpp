#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "advisor/hardware.hpp"
#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/json/known_keys.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_gpus = "hardware/gpus.json";
constexpr std::string_view k_processors = "hardware/processors.json";
constexpr double k_giga = 1e9;
constexpr double k_kilo = 1e3;
constexpr double k_most_gigabytes = 1e5;  // of memory, and of bandwidth in a second; and teraflops

/// A number that must be above zero and plausible.
void take_giga(const JsonFields& entry, std::string_view key, Result<std::optional<double>> found,
               std::optional<double>& into, FirstError& read) {
  std::optional<double> value;
  read.take_if_there(std::move(found), value);
  if (!read.ok() || !value) return;
  if (!(*value > 0.0) || *value > k_most_gigabytes) {
    read.keep(entry.refuse(key, std::to_string(*value) + " found (expected above 0, at most 1e5)"));
    return;
  }
  into = *value * k_giga;
}

/// The text behind a key of the document's `sources`.
Result<std::string> source_of(const JsonFields& entry, const JsonFields& sources,
                              std::string_view field = "source") {
  const auto key = entry.text(field);
  if (!key) return key;
  return sources.text(*key);
}

/// Memory is named by binary gigabytes.
Bytes size_of(double gigabytes) {
  return Bytes(static_cast<std::uint64_t>(gigabytes * static_cast<double>(gibibytes(1).value)));
}

/// Sizes of memory, the smallest first.
Result<std::vector<Bytes>> sizes_of(const JsonFields& entry) {
  const auto sizes = entry.numbers("memory_gb");
  if (!sizes) return pass_on(sizes);
  std::vector<Bytes> all;
  for (const double size : *sizes) {
    if (!(size > 0.0) || size > k_most_gigabytes) {
      return entry.refuse("memory_gb", "a size that no memory has");
    }
    all.push_back(size_of(size));
  }
  std::ranges::sort(all);
  return all;
}

Result<GraphicsCard> gpu_of(const JsonFields& entry, const JsonFields& sources) {
  if (auto known =
          only_known_keys(entry, {"name", "vendor", "segment", "aliases", "memory_gb",
                                  "bandwidth_gbps", "shared_with_cpu", "pci_ids", "tensor_cores",
                                  "fp32_tflops", "compute_source", "source"});
      !known) {
    return pass_on(known);
  }
  GraphicsCard card;
  FirstError read;
  std::optional<double> bandwidth;
  std::optional<double> gigaflops;
  read.take(entry.text("name"), card.name);
  read.take(entry.text("vendor"), card.vendor);
  read.take(entry.text("segment"), card.segment);
  read.take(entry.texts("aliases"), card.aliases);
  read.take(entry.flag("shared_with_cpu"), card.shared_with_cpu);
  read.take(source_of(entry, sources), card.source);
  if (entry.has("pci_ids")) read.take(entry.texts("pci_ids"), card.pci_ids);
  read.take_if_there(entry.optional_flag("tensor_cores"), card.tensor_cores);
  take_giga(entry, "bandwidth_gbps", entry.optional_number("bandwidth_gbps"), bandwidth, read);
  take_giga(entry, "fp32_tflops", entry.optional_number("fp32_tflops"), gigaflops, read);
  if (gigaflops) read.take(source_of(entry, sources, "compute_source"), card.compute_source);
  read.take(sizes_of(entry), card.memory);
  if (!read.ok()) return read.failure();
  if (!bandwidth) return entry.refuse("bandwidth_gbps", "missing (expected a number)");
  card.bandwidth_bytes_per_second = *bandwidth;
  if (gigaflops) card.fp32_flops_per_second = *gigaflops * k_kilo;
  return card;
}

std::optional<unsigned> core_count(const JsonFields& entry, std::string_view key,
                                   std::uint64_t most, FirstError& read) {
  std::optional<std::uint64_t> cores;
  read.take_if_there(entry.optional_count(key), cores);
  if (!cores) return std::nullopt;
  if (*cores == 0 || *cores > most) {
    read.keep(entry.refuse(
        key, most == 0 ? fmt::format("{} found (expected none: no cores are left for it)", *cores)
                       : fmt::format("{} found (expected 1 to {})", *cores, most)));
    return std::nullopt;
  }
  return static_cast<unsigned>(*cores);
}

/// Cores by kind, and what they can do.
void take_cores(const JsonFields& entry, const JsonFields& sources, Processor& processor,
                FirstError& read) {
  constexpr unsigned k_most_cores = 4096;
  processor.cores = core_count(entry, "cores", k_most_cores, read);
  const unsigned all = processor.cores.value_or(0);
  processor.performance_cores = core_count(entry, "performance_cores", all, read);
  const unsigned others = all - std::min(all, processor.performance_cores.value_or(0));
  processor.efficiency_cores = core_count(entry, "efficiency_cores", others, read);
  std::string source;
  if (processor.performance_cores || processor.efficiency_cores) {
    read.take(source_of(entry, sources, "cores_source"), source);
  }
  if (!entry.has("isa")) return;
  read.take(entry.texts("isa"), processor.isa);
  read.take(source_of(entry, sources, "isa_source"), source);
}

Result<Processor> processor_of(const JsonFields& entry, const JsonFields& sources) {
  if (auto known = only_known_keys(
          entry, {"name", "vendor", "segment", "cores", "performance_cores", "efficiency_cores",
                  "cores_source", "isa", "isa_source", "memory", "bandwidth_gbps", "reached_gbps",
                  "reached", "memory_gb", "max_memory_gb", "memory_source", "source"});
      !known) {
    return pass_on(known);
  }
  Processor processor;
  FirstError read;
  std::string reached;
  read.take(entry.text("name"), processor.name);
  read.take(entry.text("vendor"), processor.vendor);
  read.take(entry.text("segment"), processor.segment);
  take_cores(entry, sources, processor, read);
  read.take(entry.texts("memory"), processor.memory);
  read.take(source_of(entry, sources), processor.source);
  read.take_if_there(entry.optional_text("reached"), reached);
  take_giga(entry, "bandwidth_gbps", entry.optional_number("bandwidth_gbps"),
            processor.bandwidth_bytes_per_second, read);
  take_giga(entry, "reached_gbps", entry.optional_number("reached_gbps"),
            processor.reached_bytes_per_second, read);
  if (!read.ok()) return read.failure();
  if (!reached.empty() && reached != "measured" && reached != "lower bound") {
    return entry.refuse("reached", "'" + reached + "' (expected measured or lower bound)");
  }
  processor.is_lower_bound = reached == "lower bound";
  std::optional<double> most;
  take_giga(entry, "max_memory_gb", entry.optional_number("max_memory_gb"), most, read);
  if (most) processor.most_memory = size_of(*most / k_giga);
  if (entry.has("memory_gb")) read.take(sizes_of(entry), processor.memory_sizes);
  if (most || entry.has("memory_gb")) {
    read.take(source_of(entry, sources, "memory_source"), processor.memory_source);
  }
  if (!read.ok()) return read.failure();
  return processor;
}

/// Every entry of a list.
template <typename Entry, typename Read>
Result<std::vector<Entry>> entries_of(std::string_view text, const std::string& source,
                                      std::string_view schema, std::string_view list, Read read) {
  const auto json = parse_json(text, source);
  if (!json) return pass_on(json);
  const JsonFields fields(*json, source);
  if (auto right = require_schema(fields, schema); !right) return pass_on(right);
  if (auto known = only_known_keys(fields, {"schema", "sources", list}); !known) {
    return pass_on(known);
  }
  const auto sources = fields.object("sources");
  if (!sources) return pass_on(sources);
  const auto entries = fields.objects(list);
  if (!entries) return pass_on(entries);
  std::vector<Entry> all;
  for (const JsonFields& entry : *entries) {
    auto one = read(entry, *sources);
    if (!one) return pass_on(one);
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace

Result<std::vector<GraphicsCard>> parse_gpus(std::string_view json, const std::string& source) {
  return entries_of<GraphicsCard>(json, source, "assay.gpus/1", "gpus", gpu_of);
}

Result<std::vector<Processor>> parse_processors(std::string_view json, const std::string& source) {
  return entries_of<Processor>(json, source, "assay.processors/1", "processors", processor_of);
}

Result<HardwareTable> builtin_hardware() {
  HardwareTable table;
  const auto gpus = builtin_text(k_gpus);
  if (!gpus) return pass_on(gpus);
  auto cards = parse_gpus(*gpus, std::string(k_gpus));
  if (!cards) return pass_on(cards);
  const auto processors = builtin_text(k_processors);
  if (!processors) return pass_on(processors);
  auto chips = parse_processors(*processors, std::string(k_processors));
  if (!chips) return pass_on(chips);
  table.gpus = std::move(*cards);
  table.processors = std::move(*chips);
  return table;
}

}  // namespace assay
