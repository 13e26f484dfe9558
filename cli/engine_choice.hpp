#pragma once

#include "base/result.hpp"
#include "cli/command.hpp"
#include "probes/machine_profile.hpp"
#include "reference-engine/kernel_selection.hpp"
#include "reference-engine/kernel_table.hpp"

namespace assay {

/// How the reference engine is to run: which kernels, on how many threads.
struct EngineChoice {
  const KernelTable* kernels;
  unsigned threads;
  Numerics numerics = Numerics::exact;
};

/// Declares --threads, --isa and --numerics.
void declare_engine_options(options::options_description& own);

/// One thread for each physical core that the process may keep busy.
unsigned default_threads(const MachineProfile& machine);
/// The same of this machine, and no more than the cores that this process may use have processors.
unsigned default_threads_here(const MachineProfile& machine);

/// What --threads (within what the process may use), --isa and --numerics ask for; without them the
/// best kernels of this processor, and one thread for each physical core that the process may keep
/// busy. On a processor with several kinds of cores their speed is measured first, and the process
/// is kept to the fastest: as many as --threads asks for, else those that are worth a thread.
/// Errors: usage.
Result<EngineChoice> choose_engine(const Invocation& invocation, const MachineProfile& machine);

/// The best kernels of this processor with exact numerics, on so many threads. Errors: usage for
/// more threads than the process may use.
Result<EngineChoice> best_engine(const MachineProfile& machine, unsigned threads);

/// The machine that the program runs on.
MachineProfile probe_this_machine();

}  // namespace assay
