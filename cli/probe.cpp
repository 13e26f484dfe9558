#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/new_assessment.hpp"
#include "cli/probe_measure.hpp"
#include "probes/probe.hpp"
#include "probes/recording.hpp"
#include "reports/document.hpp"
#include "reports/profile_text.hpp"
#include "reports/renderer.hpp"

namespace assay {
namespace {

void declare(options::options_description& own, options::positional_options_description&) {
  auto add = own.add_options();
  add("root", options::value<std::string>()->value_name("DIR"),
      "describe the machine recorded in DIR (--record, or hwloc-gather-topology): its proc/ and "
      "sys/, and its cpuid.txt or cpuid/; what they lack is unknown");
  add("cpuid", options::value<std::string>()->value_name("FILE"),
      "take CPUID from a recording in the spelling of libcpuid, AIDA64 or hwloc; without --root it "
      "is all that is known");
  add("record", options::value<std::string>()->value_name("DIR"),
      "also write what was read into DIR, for --root: no serial number, name of a host or user");
  add("verbose", "where every value comes from, and why others are unknown");
  add("why", options::value<std::string>()->value_name("FACT"),
      "explain one fact: cpu.isa, memory.limit_bytes, driver, ...");
  add("measure", "also measure memory and storage of this machine (about 10 seconds), and keep it");
}

/// The running machine, or the recording that the options name. A recording is never completed
/// from the running machine.
Result<HostView> chosen_host(const Invocation& invocation) {
  std::optional<std::filesystem::path> cpuid;
  if (invocation.has("cpuid")) cpuid = invocation.get<std::string>("cpuid");
  if (invocation.has("root")) return open_recording(invocation.get<std::string>("root"), cpuid);
  if (!cpuid) return HostView::live();
  auto dump = read_cpuid_dump(*cpuid);
  if (!dump) return pass_on(dump);
  // Nothing lies below the recording itself: all but CPUID is unknown.
  return HostView::recorded(*cpuid, std::move(*dump));
}

/// What a recording must not say: the machine's own names, and those of who runs the program.
Identity everybody_here(const HostView& host) {
  Identity identity = identity_of(host);
  for (const char* name : {"HOME", "USER", "LOGNAME", "SUDO_USER"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') identity.words.emplace_back(value);
  }
  return identity;
}

Result<void> record(const Invocation& invocation, const HostView& host,
                    const Assessment& assessment) {
  const auto& folder = invocation.get<std::string>("record");
  Identity identity = everybody_here(host);
  identity.harmless = {assessment.run_id, assessment.machine->id};
  auto done = record_machine(host, folder, identity,
                             {{"profile.json", json_text(document_from(assessment))}});
  if (done) {
    remark(invocation,
           fmt::format("recorded in {0}; `assay probe --root {0}` replays it", printable(folder)));
  }
  return done;
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
  const RenderOptions drawing = render_options(invocation);
  std::string text;
  if (invocation.has("why")) {
    auto explained = explain_fact(machine, invocation.get<std::string>("why"), drawing);
    if (!explained) return pass_on(explained);
    text = std::move(*explained);
  }
  assessment.machine = machine;
  if (invocation.has("record")) {
    if (auto done = record(invocation, *host, assessment); !done) return pass_on(done);
  }
  if (invocation.json) text = json_text(document_from(assessment));
  if (text.empty()) {
    text = render_profile(machine, invocation.has("verbose"), drawing);
    const std::string measured =
        host->is_live() ? last_measured_text(invocation, machine) : std::string();
    if (!measured.empty()) text += "\n" + measured;
  }
  if (auto delivered = deliver(invocation, text); !delivered) return pass_on(delivered);
  return k_exit_yes;
}

}  // namespace

Command probe_command() {
  return {
      .name = "probe",
      .summary = "What this machine is, or a recorded one: processor, memory, accelerators.",
      .usage =
          "assay probe [--root DIR] [--cpuid FILE] [--record DIR] [--verbose] [--why FACT] "
          "[--measure]",
      .examples =
          "  assay probe                            this machine on one screen\n"
          "  assay probe --why usable_cpus          one fact: its source, or why it is unknown\n"
          "  assay probe --why memory               all facts of a section\n"
          "  assay probe --measure                  how fast memory and storage are\n"
          "  assay probe --json -o machine.json     for `assay can-run MODEL --machine`\n"
          "  assay probe --record laptop            what probes read, to be replayed elsewhere\n"
          "  assay probe --root laptop              a recorded machine\n"
          "  assay probe --cpuid cpuid.txt          a recorded processor alone",
      .declare = declare,
      .run = run};
}

}  // namespace assay
