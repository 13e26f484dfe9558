// Asks the running x86 processor. Built for x86-64 Linux only.
#include <cpuid.h>
#include <sched.h>

#include <memory>
#include <thread>

#include "base/affinity.hpp"
#include "probes/cpu/cpuid_recording.hpp"
#include "probes/probe.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_most_leaves = 0x40;  // no processor has more in one range
constexpr std::uint32_t k_most_subleaves = 0x20;

CpuidRegisters ask(std::uint32_t leaf, std::uint32_t subleaf) {
  CpuidRegisters registers;
  __cpuid_count(leaf, subleaf, registers.eax, registers.ebx, registers.ecx, registers.edx);
  return registers;
}

std::uint64_t read_xcr0() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0U));
  return (std::uint64_t{high} << 32U) | low;
}

/// How many sub-leaves of `leaf` are worth asking, given the answer to the one before.
bool has_next_subleaf(std::uint32_t leaf, std::uint32_t subleaf, const CpuidRegisters& first,
                      const CpuidRegisters& last) {
  switch (leaf) {
    case 0x4:
    case 0x8000001D:
      return (last.eax & 0x1FU) != 0;  // cache type 0 ends the list
    case 0x7:
    case 0x14:
    case 0x17:
    case 0x18:
    case 0x1D:
    case 0x20:
    case 0x24:
      return subleaf < first.eax;  // the first one says how many follow
    case 0xB:
    case 0x1F:
    case 0x80000026:
      return (last.ecx & 0xFF00U) != 0;  // level type 0 ends the list
    case 0xF:
    case 0x10:
    case 0x12:
    case 0x1E:
    case 0x23:
    case 0x80000020:
      return subleaf < 3;  // what Intel and AMD define
    default:
      return false;
  }
}

/// Leaf 0xD: two sub-leaves of its own, then one for each state component that they name (user
/// states in EDX:EAX of the first, supervisor states in EDX:ECX of the second).
void record_states(unsigned cpu, CpuidRecording& recording) {
  constexpr std::uint32_t k_leaf = 0xD;
  const CpuidRegisters user = ask(k_leaf, 0);
  const CpuidRegisters supervisor = ask(k_leaf, 1);
  recording.add(cpu, k_leaf, 0, user);
  recording.add(cpu, k_leaf, 1, supervisor);
  const std::uint64_t named =
      (std::uint64_t{user.edx | supervisor.edx} << 32U) | std::uint64_t{user.eax | supervisor.ecx};
  for (std::uint32_t state = 2; state < 63; ++state) {
    if (((named >> state) & 1U) != 0) recording.add(cpu, k_leaf, state, ask(k_leaf, state));
  }
}

void record_leaf(unsigned cpu, std::uint32_t leaf, CpuidRecording& recording) {
  if (leaf == 0xD) {
    record_states(cpu, recording);
    return;
  }
  const CpuidRegisters first = ask(leaf, 0);
  CpuidRegisters last = first;
  recording.add(cpu, leaf, 0, first);
  for (std::uint32_t subleaf = 0;
       subleaf < k_most_subleaves && has_next_subleaf(leaf, subleaf, first, last); ++subleaf) {
    last = ask(leaf, subleaf + 1);
    recording.add(cpu, leaf, subleaf + 1, last);
  }
}

void record_cpu(unsigned cpu, CpuidRecording& recording) {
  for (const std::uint32_t base : {0x0U, 0x40000000U, 0x80000000U}) {
    // Leaf 0x40000000 means something only when the hypervisor bit is set.
    if (base == 0x40000000U && (ask(1, 0).ecx >> 31U) == 0) continue;
    const std::uint32_t last = ask(base, 0).eax;
    record_leaf(cpu, base, recording);
    for (std::uint32_t leaf = base + 1; leaf <= last && leaf < base + k_most_leaves; ++leaf) {
      record_leaf(cpu, leaf, recording);
    }
  }
}

void record_all(const std::vector<unsigned>& cpus, CpuidRecording& recording) {
  for (const unsigned cpu : cpus) {
    if (bind_this_thread(cpu)) record_cpu(cpu, recording);
  }
  constexpr std::uint32_t k_osxsave = 1U << 27U;
  recording.set_xcr0((ask(1, 0).ecx & k_osxsave) != 0 ? read_xcr0() : 0);
}

}  // namespace

CpuidSource live_cpuid() {
  auto recording = std::make_shared<CpuidRecording>();
  const std::vector<unsigned> cpus = allowed_cpus();
  // A thread that ends takes its affinity with it: the caller's stays as it was.
  std::thread([&] { record_all(cpus, *recording); }).join();
  return CpuidRecording::source(std::move(recording), "live");
}

}  // namespace assay
