#include "advisor/hardware_bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_builtin = "policies/copilot-plus.json";
constexpr std::string_view k_schema = "assay.bar/1";

std::string tops_text(double low, double high) {
  return low == high ? fmt::format("{} TOPS", high) : fmt::format("{} to {} TOPS", low, high);
}

/// What one neural processor says about the bar.
BarCriterion judge_npu(double bar, const NpuProfile& npu) {
  BarCriterion judged{.name = "npu", .answer = BarAnswer::unknown, .why = npu.name};
  if (!npu.tops_low.is_known() || !npu.tops_high.is_known()) {
    judged.why += ": " + npu.tops_high.reason();
    return judged;
  }
  const double low = npu.tops_low.value();
  const double high = npu.tops_high.value();
  if (low >= bar) judged.answer = BarAnswer::yes;
  if (high < bar) judged.answer = BarAnswer::no;
  judged.why += fmt::format(": {} published, {} wanted", tops_text(low, high), bar);
  return judged;
}

/// The best of all: a yes before an unknown before a no.
BarCriterion judge_npus(double bar, const MachineProfile& machine) {
  BarCriterion best{.name = "npu", .answer = BarAnswer::no, .why = "no neural processor was found"};
  if (!machine.npu_count.is_known() && machine.npus.empty()) {
    best.answer = BarAnswer::unknown;
    best.why = machine.npu_count.reason();
    return best;
  }
  const auto rank = [](BarAnswer answer) {
    return answer == BarAnswer::yes ? 2 : answer == BarAnswer::unknown ? 1 : 0;
  };
  bool first = true;
  for (const NpuProfile& npu : machine.npus) {
    BarCriterion judged = judge_npu(bar, npu);
    if (first || rank(judged.answer) > rank(best.answer)) best = std::move(judged);
    first = false;
  }
  return best;
}

/// Memory that graphics carved out was sold with the rest.
BarCriterion judge_memory(const HardwareBar& bar, const MachineProfile& machine) {
  BarCriterion judged{.name = "memory", .answer = BarAnswer::unknown, .why = {}};
  if (!machine.memory.total.is_known()) {
    judged.why = machine.memory.total.reason();
    return judged;
  }
  Bytes seen = machine.memory.total.value();
  for (const GpuProfile& gpu : machine.gpus) {
    const bool carved = gpu.memory_kind.is_known() &&
                        gpu.memory_kind.value() == DeviceMemoryKind::unified &&
                        gpu.memory.is_known();
    if (carved) seen += gpu.memory.value();
  }
  const double wanted = static_cast<double>(bar.memory.value) * bar.seen_share;
  judged.answer = static_cast<double>(seen.value) >= wanted ? BarAnswer::yes : BarAnswer::no;
  judged.why = fmt::format("{} seen, {} wanted", human_bytes(seen), human_bytes(bar.memory));
  return judged;
}

BarCriterion judge_storage(const HardwareBar& bar, const MachineProfile& machine) {
  const StorageProfile& storage = machine.storage;
  BarCriterion judged{.name = "storage", .answer = BarAnswer::unknown, .why = {}};
  if (!storage.device_size.is_known()) {
    judged.why = storage.device_size.reason();
    return judged;
  }
  const Bytes size = storage.device_size.value();
  judged.why = fmt::format("a drive of {}, {} wanted", human_bytes(size), human_bytes(bar.storage));
  if (static_cast<double>(size.value) < static_cast<double>(bar.storage.value) * bar.seen_share) {
    judged.answer = BarAnswer::no;
    return judged;
  }
  const bool kind_known = storage.kind.is_known();
  const bool turns = kind_known && storage.kind.value() == DriveKind::hdd;
  judged.answer = BarAnswer::yes;
  if (bar.solid_state && turns) {
    judged.answer = BarAnswer::no;
    judged.why += ", but it is a hard disk";
  } else if (bar.solid_state && (!kind_known || storage.kind.value() == DriveKind::virtual_disk)) {
    judged.answer = BarAnswer::unknown;
    judged.why += ", but whether it is solid-state is not seen";
  }
  return judged;
}

}  // namespace

BarVerdict judge_bar(const HardwareBar& bar, const MachineProfile& machine) {
  BarVerdict verdict{.bar = bar.name, .answer = BarAnswer::yes, .criteria = {}};
  verdict.criteria = {judge_npus(bar.npu_tops, machine), judge_memory(bar, machine),
                      judge_storage(bar, machine)};
  const auto any = [&verdict](BarAnswer answer) {
    return std::ranges::any_of(verdict.criteria, [answer](const BarCriterion& criterion) {
      return criterion.answer == answer;
    });
  };
  if (any(BarAnswer::unknown)) verdict.answer = BarAnswer::unknown;
  if (any(BarAnswer::no)) verdict.answer = BarAnswer::no;
  return verdict;
}

Result<HardwareBar> copilot_plus_bar() {
  const auto text = builtin_text(k_builtin);
  if (!text) return pass_on(text);
  return parse_hardware_bar(*text, std::string(k_builtin));
}

Result<HardwareBar> parse_hardware_bar(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  if (const auto fits = require_schema(fields, k_schema); !fits) return pass_on(fits);
  HardwareBar bar;
  FirstError read;
  read.take(fields.text("name"), bar.name);
  read.take(fields.number("npu_tops"), bar.npu_tops);
  read.take(fields.count("memory_bytes"), bar.memory.value);
  read.take(fields.count("storage_bytes"), bar.storage.value);
  read.take(fields.number("seen_share"), bar.seen_share);
  read.take(fields.flag("solid_state"), bar.solid_state);
  if (!read.ok()) return read.failure();
  if (!(bar.seen_share > 0 && bar.seen_share <= 1)) {
    return fields.refuse("seen_share",
                         fmt::format("{} found (expected more than 0, at most 1)", bar.seen_share));
  }
  return bar;
}

}  // namespace assay
