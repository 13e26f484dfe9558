#include <filesystem>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/new_assessment.hpp"
#include "cli/probe_measure.hpp"
#include "probes/probe.hpp"
#include "reports/document.hpp"
#include "reports/profile_text.hpp"

namespace assay {
namespace {

void declare(options::options_description& own, options::positional_options_description&) {
  auto add = own.add_options();
  add("root", options::value<std::string>()->value_name("DIR"),
      "describe the machine whose /proc and /sys lie below DIR; what they lack is unknown");
  add("cpuid", options::value<std::string>()->value_name("FILE"),
      "take CPUID from a recording (libcpuid, AIDA64 or hwloc spelling); without --root it is all "
      "that is known");
  add("verbose", "where every value comes from, and why others are unknown");
  add("why", options::value<std::string>()->value_name("FACT"),
      "explain one fact: cpu.isa, memory.limit_bytes, driver, ...");
  add("measure", "also measure memory and storage of this machine (about 10 seconds), and keep it");
}

/// The running machine, or the recording that the options name. A recording is never completed
/// from the running machine.
Result<HostView> chosen_host(const Invocation& invocation) {
  std::optional<CpuidSource> cpuid;
  if (invocation.has("cpuid")) {
    auto dump = read_cpuid_dump(invocation.get<std::string>("cpuid"));
    if (!dump) return pass_on(dump);
    cpuid = std::move(*dump);
  }
  if (!invocation.has("root")) {
    if (!cpuid) return HostView::live();
    // Nothing lies below the recording itself: all but CPUID is unknown.
    return HostView::recorded(invocation.get<std::string>("cpuid"), std::move(cpuid));
  }
  const std::filesystem::path root = invocation.get<std::string>("root");
  std::error_code error;
  if (!std::filesystem::is_directory(root, error)) {
    return fail(ErrorCode::refused_input,
                "is not a directory (expected the root of a recorded /proc and /sys)",
                root.string());
  }
  return HostView::recorded(root, std::move(cpuid));
}

Result<int> run(const Invocation& invocation) {
  const auto host = chosen_host(invocation);
  if (!host) return pass_on(host);
  MachineProfile machine = probe_machine(*host, invocation.state);
  Assessment assessment = new_assessment("probe");
  if (invocation.has("measure")) {
    if (!host->is_live()) {
      return fail(ErrorCode::usage, "--measure: a recording cannot be measured");
    }
    auto measured = measure_limits_of_machine(invocation, machine);
    if (!measured) return pass_on(measured);
    assessment = std::move(*measured);
  }
  const RenderOptions drawing{.color = invocation.color};
  std::string text;
  if (invocation.has("why")) {
    auto explained = explain_fact(machine, invocation.get<std::string>("why"), drawing);
    if (!explained) return pass_on(explained);
    text = std::move(*explained);
  }
  if (invocation.json) {
    assessment.machine = std::move(machine);
    text = document_from(assessment).dump(2) + "\n";
  } else if (text.empty()) {
    text = render_profile(machine, invocation.has("verbose"), drawing);
    if (host->is_live()) {
      const std::string measured = last_measured_text(invocation, machine);
      if (!measured.empty()) text += "\n" + measured;
    }
  }
  if (auto delivered = deliver(invocation, text); !delivered) return pass_on(delivered);
  return k_exit_yes;
}

}  // namespace

Command probe_command() {
  return {.name = "probe",
          .summary = "What this machine is, or a recorded one: processor, memory, accelerators.",
          .usage = "assay probe [--root DIR] [--cpuid FILE] [--verbose] [--why FACT] [--measure]",
          .examples =
              "  assay probe\n"
              "  assay probe --why usable_cpus\n"
              "  assay probe --json -o machine.json\n"
              "  assay probe --measure\n"
              "  assay probe --root recorded-machine --cpuid recorded-cpuid.txt",
          .declare = declare,
          .run = run};
}

}  // namespace assay
