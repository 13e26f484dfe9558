#pragma once

#include <optional>
#include <string>

#include "advisor/calibration.hpp"
#include "advisor/policy.hpp"
#include "base/fact.hpp"
#include "base/units.hpp"
#include "cli/command.hpp"
#include "probes/machine_profile.hpp"
#include "reference-engine/footprint.hpp"

namespace assay {

/// What can-run and recommend judge by.
struct Grounds {
  MachineProfile machine;
  std::optional<Calibration> calibration;  // absent: rates are unknown
  Fact<Bytes> available;
  Policy policy;
  Policy::Use use;
  SessionShape session;
  bool is_named = false;       // by --machine: its memory is what it is to have, not a replacement
  std::string device = "cpu";  // or the name of a GPU, which other engines would use
};

/// Declares --use, --context, --cache-type, --threads, --calibration, --machine, --memory,
/// --bandwidth and --policy.
void declare_grounds_options(options::options_description& own);

/// What the options ask for: the result of --calibration and its machine, else the bandwidth of
/// --bandwidth, else the latest result if it is of this machine, else this machine's description;
/// of a machine named by --machine the description in that file.
/// Nothing is measured. Errors: usage; refused_input for a broken file.
Result<Grounds> find_grounds(const Invocation& invocation);

/// Whose limits, channels and battery are looked at: nobody's where its memory or bandwidth was
/// replaced.
const MachineProfile* judged_machine(const Invocation& invocation, const Grounds& grounds);
/// The machine whose own GPUs are told of, where it has any: none where its memory or bandwidth was
/// replaced, or a GPU is judged itself. The memory of a machine that was named is no replacement.
const MachineProfile* machine_with_gpus(const Invocation& invocation, const Grounds& grounds);

}  // namespace assay
