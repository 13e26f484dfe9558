// Bytes of no meaning in every file that a probe reads: facts may be unknown, nothing may crash,
// hang or grow. The same bytes in every run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "probes/cpu/cpuid_topology.hpp"
#include "probes/cpu/isa_features.hpp"
#include "probes/cpu/proc_cpuinfo.hpp"
#include "probes/memory/memory_modules.hpp"
#include "probes/memory/smbios.hpp"
#include "probes/probe.hpp"
#include "probes/topology/topology.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

class Noise {
 public:
  explicit Noise(std::uint32_t seed) : random_(seed) {}

  /// Any bytes.
  std::string bytes(std::size_t most) {
    std::string text(random_() % (most + 1), '\0');
    for (char& letter : text) letter = static_cast<char>(random_() & 0xFFU);
    return text;
  }
  /// Words that parsers look for, in no order, among digits and signs.
  std::string words(std::size_t most) {
    static const std::vector<std::string> k_words{"processor",
                                                  "flags",
                                                  "CPU part",
                                                  "CPU implementer",
                                                  "0x41",
                                                  "avx2",
                                                  " : ",
                                                  "\n",
                                                  "\n\n",
                                                  "-",
                                                  ",",
                                                  "/",
                                                  "max",
                                                  "18446744073709551615",
                                                  "-1",
                                                  "0-4095",
                                                  "4294967295",
                                                  "MemTotal:",
                                                  "MemAvailable:",
                                                  "kB",
                                                  "0::/",
                                                  "::",
                                                  "cgroup2",
                                                  "basic_cpuid[",
                                                  "]=",
                                                  "CPUID 00000000: ",
                                                  "FFFFFFFF-FFFFFFFF-FFFFFFFF-FFFFFFFF",
                                                  "[SL FF]",
                                                  "------[ Logical CPU #",
                                                  "some avg10=",
                                                  "E:MEMORY_DEVICE_",
                                                  "_SIZE=",
                                                  "=>",
                                                  " ",
                                                  "\t",
                                                  "0",
                                                  "1",
                                                  "[",
                                                  "]"};
    std::string text;
    while (text.size() < most) text += k_words[random_() % k_words.size()];
    return text;
  }
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }

 private:
  std::mt19937 random_;
};

constexpr int k_rounds = 2000;

TEST(HostileInput, TextParsersTakeAnyBytes) {
  Noise noise(1);
  for (int round = 0; round < k_rounds; ++round) {
    const std::string text = round % 2 == 0 ? noise.bytes(600) : noise.words(600);
    const ProcCpuinfo info = parse_proc_cpuinfo(text);
    EXPECT_LE(info.processors.size(), text.size());
    (void)info.shared_words("flags");
    const auto list = parse_cpu_list(text);
    EXPECT_LE(list.value_or(std::vector<unsigned>()).size(), 65536U);
    (void)parse_cpu_mask(text);
    EXPECT_LE(read_udev_modules(text).size(), 4096U);
    EXPECT_LE(isa_names(isa_from_flags(text)).size(), k_isa_feature_limit);
  }
}

TEST(HostileInput, TheFirmwaresTableTakesAnyBytes) {
  Noise noise(2);
  for (int round = 0; round < k_rounds; ++round) {
    std::string table = noise.bytes(2000);
    // Half of the rounds start with a memory device, so that its fields are read too.
    if (round % 2 == 0) table = std::string("\x11\x5C\0\0", 4) + table;
    const auto modules = read_memory_modules(table);
    EXPECT_LE(modules.size(), table.size() / 4);
    (void)modules_bandwidth(modules);
    (void)count_channels(modules);
  }
}

TEST(HostileInput, CpuidRecordingsTakeAnyBytes) {
  Noise noise(3);
  MachineTree tree;
  for (int round = 0; round < 400; ++round) {
    tree.file("/dump", round % 2 == 0 ? noise.bytes(2000) : noise.words(2000));
    const auto dump = read_cpuid_dump(tree.at("/dump"));
    if (!dump) continue;
    (void)cpuid_topology(*dump);
    (void)cpuid_core_kinds(*dump);
    for (const unsigned cpu : dump->cpus) (void)decode_isa(*dump, cpu);
  }
}

TEST(HostileInput, CpuidAnswersMayBeAnyNumbers) {
  Noise noise(4);
  for (int round = 0; round < 300; ++round) {
    CpuidSource source;
    const unsigned cpus = 1 + noise.number() % 4;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) source.cpus.push_back(cpu);
    const std::uint32_t seed = noise.number();
    const bool is_amd = seed % 2 == 0;
    source.xcr0 = [seed] { return std::optional<std::uint64_t>(seed); };
    source.query = [seed, is_amd](unsigned cpu, std::uint32_t leaf, std::uint32_t subleaf) {
      Noise answer(seed ^ (cpu * 31U) ^ (leaf * 131U) ^ (subleaf * 1031U));
      if (leaf == 0 && is_amd)
        return std::optional(CpuidRegisters{0x20, 0x68747541, 0x444d4163, 0x69746e65});
      if (leaf == 0) return std::optional(CpuidRegisters{0x20, 0x756e6547, 0x6c65746e, 0x49656e69});
      if (leaf == 0x80000000U) return std::optional(CpuidRegisters{0x80000028U, 0, 0, 0});
      return std::optional(
          CpuidRegisters{answer.number(), answer.number(), answer.number(), answer.number()});
    };
    const auto topology = cpuid_topology(source);
    if (topology) {
      EXPECT_LE(topology->core_count(), topology->cpus.size());
      EXPECT_LE(topology->cpus.size(), 65536U);
    }
    (void)cpuid_core_kinds(source);
    (void)decode_isa(source, 0);
  }
}

/// The files that the CPU and memory probes read on a machine of four CPUs.
std::vector<std::string> probed_files() {
  std::vector<std::string> files{"/proc/cpuinfo",
                                 "/proc/meminfo",
                                 "/proc/self/cgroup",
                                 "/proc/self/cpuset",
                                 "/proc/self/mountinfo",
                                 "/proc/self/status",
                                 "/proc/mounts",
                                 "/proc/pressure/memory",
                                 "/proc/sys/vm/overcommit_memory",
                                 "/sys/kernel/mm/transparent_hugepage/enabled",
                                 "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
                                 "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
                                 "/sys/module/zswap/parameters/enabled",
                                 "/sys/block/zram0/disksize",
                                 "/sys/firmware/dmi/tables/DMI",
                                 "/run/udev/data/+dmi:id",
                                 "/sys/devices/system/edac/mc/mc0/dimm0/size",
                                 "/sys/devices/system/edac/mc/mc0/dimm0/dimm_mem_type",
                                 "/sys/devices/system/node/node0/meminfo",
                                 "/sys/devices/system/node/node0/cpulist",
                                 "/sys/devices/cpu_core/cpus",
                                 "/sys/devices/cpu_atom/cpus",
                                 "/sys/devices/system/cpu/online",
                                 "/sys/devices/system/cpu/smt/active",
                                 "/sys/devices/system/cpu/intel_pstate/no_turbo",
                                 "/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq",
                                 "/sys/devices/system/cpu/cpufreq/policy0/related_cpus",
                                 "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor",
                                 "/sys/fs/cgroup/memory.max",
                                 "/sys/fs/cgroup/memory.current",
                                 "/sys/fs/cgroup/cpu.max",
                                 "/hwloc.xml"};
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    for (const char* file :
         {"topology/thread_siblings_list", "topology/core_id", "topology/physical_package_id",
          "cache/index0/level", "cache/index0/type", "cache/index0/size",
          "cache/index0/shared_cpu_list", "regs/identification/midr_el1", "cpu_capacity",
          "acpi_cppc/nominal_freq"}) {
      files.push_back(fmt::format("/sys/devices/system/cpu/cpu{}/{}", cpu, file));
    }
  }
  return files;
}

TEST(HostileInput, AMachineOfNoiseIsProbedInBoundedTime) {
  const auto start = std::chrono::steady_clock::now();
  Noise noise(5);
  MachineTree tree;
  const std::vector<std::string> files = probed_files();
  for (int round = 0; round < 40; ++round) {
    for (const std::string& file : files) {
      tree.file(file, noise.number() % 2 == 0 ? noise.bytes(200) : noise.words(200));
    }
    const MachineProfile machine = probe_machine(tree.host());
    EXPECT_FALSE(machine.id.empty());
    EXPECT_LE(machine.memory.modules.value_or({}).size(), 4096U);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120));
}

TEST(HostileInput, AnExportThatIsNoXmlIsUnknown) {
  for (const char* text : {"", "<", "<topology>", "<topology version=\"9\"/>", "hello",
                           "<?xml version=\"1.0\"?><!DOCTYPE x SYSTEM \"/etc/passwd\"><x/>"}) {
    MachineTree tree;
    tree.file("/hwloc.xml", text);
    EXPECT_FALSE(probe_machine(tree.host()).cpu.logical_cores.is_known()) << text;
  }
}

TEST(HostileInput, FoldersInThePlaceOfFilesAreUnknown) {
  MachineTree tree;
  for (const std::string& file : probed_files()) tree.directory(file);
  const MachineProfile machine = probe_machine(tree.host());
  EXPECT_FALSE(machine.memory.total.is_known());
  EXPECT_FALSE(machine.cpu.max_frequency_hertz.is_known());
  EXPECT_FALSE(machine.memory.modules.is_known());
}

}  // namespace
}  // namespace assay
