#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/text.hpp"
#include "probes/machine_profile_json.hpp"
#include "reports/profile_text.hpp"
#include "reports/render/figures.hpp"
#include "reports/render/profile/fact_rows.hpp"
#include "reports/render/profile/profile_sections.hpp"

namespace assay {
namespace {

constexpr std::string_view k_absent = "absent: ";

// Words of the screen that are not part of a fact's name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> k_labels{{
    {"clock", "cpu.max_frequency_hertz"},
    {"computer", "os.product_name"},
    {"drive", "storage.model"},
    {"huge pages", "memory.transparent_huge_pages"},
    {"installed", "memory.total_bytes"},
    {"instructions", "cpu.isa"},
    {"power limit", "power.zones"},
    {"throttling", "power.package_throttle_count"},
    {"usable now", "cpu.usable_cpus"},
}};

/// What `name` looks for: a place of the JSON form, or the end of one ("/isa").
std::string wanted_pointer(std::string_view name) {
  std::string wanted(name);
  for (char& letter : wanted) {
    letter =
        letter == '.' ? '/' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  for (const auto& [label, fact] : k_labels) {
    if (wanted == label) return wanted_pointer(fact);
  }
  return wanted.starts_with('/') ? wanted : "/" + wanted;
}

/// "cpu.caches" for "/cpu/caches", as people type it.
std::string dotted(std::string_view pointer) {
  std::string name(pointer.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

/// The unit that a name ends in, for people.
std::string human_value(std::string_view pointer, const Json& value) {
  const double number = value.get<double>();
  if (pointer.ends_with("_bytes_per_second")) return figure(number / 1e9) + " GB/s";
  if (pointer.ends_with("_bytes") && number >= 0.0 && number < 1.8e19) {
    return human_bytes(Bytes(static_cast<std::uint64_t>(number)));
  }
  if (pointer.ends_with("_hertz")) return figure(number / 1e9) + " GHz";
  return {};
}

/// A value of the JSON form in one line.
std::string value_text(std::string_view pointer, const Json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return printable(value.get<std::string>(), 400);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  const bool words = value.is_array() && !value.empty() && value[0].is_string();
  if (words) {
    return printable(fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), " ")),
                     1000);
  }
  const std::string exact =
      printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 1000);
  const std::string human = value.is_number() ? human_value(pointer, value) : std::string();
  return human.empty() ? exact : fmt::format("{} ({})", human, exact);
}

/// "bytes 17.2 GB (17179869184), type DDR5": one entry of a list, what it does not say left out.
std::string entry_text(const Json& entry) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : entry.items()) {
    if (value.is_null() || value == "") continue;
    parts.push_back(fmt::format("{} {}", printable(key, 60), value_text("/_" + key, value)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// A value, each entry of a list of devices in a row of its own.
std::vector<Field> value_fields(std::string_view pointer, const Json& value) {
  constexpr std::size_t k_most_entries = 64;
  if (!value.is_array() || value.empty() || !value[0].is_object()) {
    return {{"Value", {value_text(pointer, value), Tone::plain}}};
  }
  std::vector<Field> fields;
  for (const Json& entry : value) {
    if (fields.size() == k_most_entries) {
      fields.push_back({"", {fmt::format("and {} more", value.size() - fields.size()), {}}});
      break;
    }
    fields.push_back({fields.empty() ? "Value" : "", {entry_text(entry), Tone::plain}});
  }
  return fields;
}

Section fact_section(const Json& machine, const DocumentNotes& notes, const std::string& pointer) {
  Section section;
  section.title = dotted(pointer);
  const auto reason = notes.reasons.find(pointer);
  if (reason != notes.reasons.end()) {
    section.fields.push_back({"Unknown", {printable(reason->second, 400), Tone::plain}});
    const std::string_view advice = remedy_for(reason->second);
    if (!advice.empty()) section.fields.push_back({"Remedy", {std::string(advice), Tone::plain}});
    return section;
  }
  std::string_view source = notes.sources.at(pointer);
  if (source.starts_with(k_absent)) source.remove_prefix(k_absent.size());
  const Json& value = machine.at(Json::json_pointer(pointer));
  section.fields = value_fields(pointer, value);
  section.fields.push_back({"From", {printable(source, 400), Tone::plain}});
  return section;
}

std::vector<std::string> all_pointers(const DocumentNotes& notes) {
  std::vector<std::string> pointers;
  for (const auto& [pointer, source] : notes.sources) pointers.push_back(pointer);
  for (const auto& [pointer, reason] : notes.reasons) pointers.push_back(pointer);
  std::sort(pointers.begin(), pointers.end());
  return pointers;
}

/// The facts that `wanted` ("/isa") means: those whose name ends so, else a whole section or
/// device, else those whose name has it as a part.
std::vector<std::string> meant_facts(const std::vector<std::string>& pointers,
                                     const std::string& wanted) {
  std::vector<std::string> found;
  const auto collect = [&](auto fits) {
    if (found.empty())
      std::copy_if(pointers.begin(), pointers.end(), std::back_inserter(found), fits);
  };
  collect([&](const std::string& pointer) { return pointer.ends_with(wanted); });
  collect([&](const std::string& pointer) { return pointer.starts_with(wanted + "/"); });
  constexpr std::size_t k_least_letters = 3;
  if (wanted.size() > k_least_letters) {
    collect([&](const std::string& pointer) {
      return pointer.find(wanted.substr(1)) != std::string::npos;
    });
  }
  return found;
}

/// Names like `name`: whole ones, and last parts where it has no dot.
std::vector<std::string> near_facts(const std::vector<std::string>& pointers,
                                    std::string_view name) {
  std::vector<std::string> names;
  for (const std::string& pointer : pointers) {
    const bool whole = name.find('.') != std::string_view::npos;
    const std::string full = dotted(pointer);
    const std::string shown = whole ? full : full.substr(full.rfind('.') + 1);
    if (std::find(names.begin(), names.end(), shown) == names.end()) names.push_back(shown);
  }
  return nearest_names(name, names);
}

}  // namespace

Section source_rows(const MachineProfile& machine) {
  DocumentNotes notes;
  (void)profile_to_json(machine, "", notes);
  Section section;
  section.title = "Where it comes from";
  for (const auto& [pointer, source] : notes.sources) {
    section.fields.push_back({dotted(pointer), {printable(source, 400), Tone::plain}});
  }
  for (const auto& [pointer, reason] : notes.reasons) {
    section.fields.push_back(
        {dotted(pointer), {"unknown: " + printable(reason, 400), Tone::faint}});
  }
  std::sort(section.fields.begin(), section.fields.end(),
            [](const Field& a, const Field& b) { return a.label < b.label; });
  return section;
}

Result<std::string> explain_fact(const MachineProfile& profile, std::string_view name,
                                 const RenderOptions& options) {
  DocumentNotes notes;
  const Json machine = profile_to_json(profile, "", notes);
  const std::vector<std::string> pointers = all_pointers(notes);
  std::vector<Section> found;
  for (const std::string& pointer : meant_facts(pointers, wanted_pointer(name))) {
    found.push_back(fact_section(machine, notes, pointer));
  }
  if (!found.empty()) return draw_sections(found, options);
  const auto near = near_facts(pointers, name);
  return fail(ErrorCode::usage, fmt::format("unknown fact '{}'", printable(name, 80)), {},
              near.empty() ? "`assay probe --verbose` lists them all"
                           : fmt::format("did you mean {}?", fmt::join(near, " or ")));
}

}  // namespace assay
