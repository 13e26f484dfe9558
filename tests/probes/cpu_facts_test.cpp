// Single facts of the CPU probe, on machines made by hand.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/cpu/arm_features.hpp"
#include "probes/cpu/cpu_probe.hpp"
#include "probes/cpu/isa_features.hpp"
#include "probes/probe.hpp"
#include "tests/probes/machine_tree.hpp"

namespace assay {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t k_amx_tile = 1U << 24U;

/// Intel processors with these bits in leaf 7 EDX, one for each word.
CpuidSource processors(std::vector<std::uint32_t> leaf7_edx, std::optional<std::uint64_t> xcr0) {
  CpuidSource source;
  source.description = "made by hand";
  for (unsigned cpu = 0; cpu < leaf7_edx.size(); ++cpu) source.cpus.push_back(cpu);
  source.xcr0 = [xcr0] { return xcr0; };
  source.query = [words = std::move(leaf7_edx)](
                     unsigned cpu, std::uint32_t leaf,
                     std::uint32_t subleaf) -> std::optional<CpuidRegisters> {
    if (leaf == 0) return CpuidRegisters{0x16, 0x756e6547, 0x6c65746e, 0x49656e69};
    if (leaf == 1) return CpuidRegisters{0x000906A3, cpu << 24U, 1U << 27U, 0};
    if (leaf == 7 && subleaf == 0) return CpuidRegisters{0, 0, 0, words.at(cpu)};
    if (leaf == 0x16) return CpuidRegisters{2400, 4700, 100, 0};
    return std::nullopt;
  };
  return source;
}

CpuProfile probe_with(CpuidSource source) {
  const MachineTree empty;
  return probe_cpu(empty.host().with_cpuid(std::move(source)));
}

TEST(Amx, IsAbsentWithoutTheSilicon) {
  const CpuProfile cpu = probe_with(processors({0}, 0x600E7));
  EXPECT_EQ(cpu.amx_silicon.state(), FactState::absent);
  EXPECT_EQ(cpu.amx_os_enabled.state(), FactState::absent);
  EXPECT_EQ(cpu.amx_process_permitted.state(), FactState::absent);
}

TEST(Amx, SiliconAloneIsNotEnough) {
  const CpuProfile cpu = probe_with(processors({k_amx_tile}, 0xE7));
  EXPECT_TRUE(cpu.amx_silicon.value_or(false));
  EXPECT_FALSE(cpu.amx_os_enabled.value_or(true));
  EXPECT_THAT(cpu.isa.value_or({}), Not(Contains("amx_tile")));
}

TEST(Amx, TheSystemEnablesItInXcr0) {
  const CpuProfile cpu = probe_with(processors({k_amx_tile}, 0x600E7));
  EXPECT_TRUE(cpu.amx_os_enabled.value_or(false));
  EXPECT_THAT(cpu.isa.value_or({}), Contains("amx_tile"));
}

TEST(Amx, OneOfItsTwoStatesIsNotEnough) {
  EXPECT_FALSE(probe_with(processors({k_amx_tile}, 0x200E7)).amx_os_enabled.value_or(true));
}

TEST(Amx, ARecordingDoesNotTellOfThisProcess) {
  const CpuProfile cpu = probe_with(processors({k_amx_tile}, 0x600E7));
  EXPECT_THAT(cpu.amx_process_permitted.reason(), HasSubstr("recording"));
}

TEST(Amx, WithoutXcr0TheSystemsStateIsUnknown) {
  const CpuProfile cpu = probe_with(processors({k_amx_tile}, std::nullopt));
  EXPECT_EQ(cpu.amx_os_enabled.state(), FactState::unknown);
}

TEST(Amx, EveryCpuMustHaveIt) {
  const CpuProfile cpu = probe_with(processors({k_amx_tile, 0}, 0x600E7));
  EXPECT_EQ(cpu.amx_silicon.state(), FactState::absent);
}

TEST(Amx, LinuxListsTheFlagOnlyWhereItSavesTheState) {
  MachineTree tree;
  tree.file("/proc/cpuinfo", "processor : 0\nflags : lm sse2 amx_tile\n");
  const CpuProfile cpu = probe_cpu(tree.host());
  EXPECT_TRUE(cpu.amx_silicon.value_or(false));
  EXPECT_TRUE(cpu.amx_os_enabled.value_or(false));
  tree.file("/proc/cpuinfo", "processor : 0\nflags : lm sse2\n");
  const CpuProfile other = probe_cpu(tree.host());
  EXPECT_EQ(other.amx_silicon.state(), FactState::unknown);
  EXPECT_FALSE(other.amx_os_enabled.value_or(true));
}

TEST(Amx, IsAbsentOnArm) {
  MachineTree tree;
  tree.file("/proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n");
  EXPECT_EQ(probe_cpu(tree.host()).amx_silicon.state(), FactState::absent);
}

TEST(ArmFeatures, BitsHaveTheKernelsNames) {
  // asimd (1), asimdhp (10), asimddp (20), sve (22); sve2 (1), i8mm (13), bf16 (14), sme (23),
  // sme2 (37) of the second word.
  const std::uint64_t first = 1ULL << 1 | 1ULL << 10 | 1ULL << 20 | 1ULL << 22;
  const std::uint64_t second = 1ULL << 1 | 1ULL << 13 | 1ULL << 14 | 1ULL << 23 | 1ULL << 37;
  EXPECT_THAT(arm_feature_names(first, second), ElementsAre("asimd", "asimdhp", "asimddp", "sve",
                                                            "sve2", "i8mm", "bf16", "sme", "sme2"));
}

TEST(ArmFeatures, BitsOfTheFutureAreLeftOut) {
  EXPECT_TRUE(arm_feature_names(1ULL << 63, 1ULL << 63).empty());
}

TEST(CpuClocks, LeafSixteenServesWithoutADriver) {
  const CpuProfile cpu = probe_with(processors({0}, 0x7));
  EXPECT_DOUBLE_EQ(cpu.max_frequency_hertz.value_or(0), 4.7e9);
  EXPECT_DOUBLE_EQ(cpu.base_frequency_hertz.value_or(0), 2.4e9);
  EXPECT_EQ(cpu.max_frequency_hertz.source(), "CPUID leaf 0x16");
}

TEST(CpuClocks, FirmwaresNominalRateIsTheBase) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/online", "0\n")
      .file("/sys/devices/system/cpu/cpu0/acpi_cppc/nominal_freq", "3900\n");
  EXPECT_DOUBLE_EQ(probe_cpu(tree.host()).base_frequency_hertz.value_or(0), 3.9e9);
}

TEST(CpuClocks, AnAbsurdRateIsNone) {
  for (const char* text : {"0\n", "99999999999999999999\n", "-1\n", "fast\n", "200000000000\n"}) {
    MachineTree tree;
    tree.file("/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", text);
    EXPECT_FALSE(probe_cpu(tree.host()).max_frequency_hertz.is_known()) << text;
  }
}

TEST(CpuClocks, DriverAndPreferenceAreNamed) {
  MachineTree tree;
  const std::string folder = "/sys/devices/system/cpu/cpufreq/policy0/";
  tree.file(folder + "scaling_driver", "amd-pstate-epp\n")
      .file(folder + "energy_performance_preference", "balance_performance\n");
  const CpuProfile cpu = probe_cpu(tree.host());
  EXPECT_EQ(cpu.scaling_driver.value_or(""), "amd-pstate-epp");
  EXPECT_EQ(cpu.energy_performance_preference.value_or(""), "balance_performance");
}

TEST(CpuClocks, NoTurboMeansNoBoost) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
  EXPECT_FALSE(probe_cpu(tree.host()).boost.value_or(true));
}

TEST(CpuClocks, OtherDriversNameBoostItself) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/cpufreq/boost", "1\n");
  EXPECT_TRUE(probe_cpu(tree.host()).boost.value_or(false));
}

TEST(CpuProbe, MicrocodeIsReadFromCpuinfoElseFromSys) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/cpu0/microcode/version", "0xa6\n");
  EXPECT_EQ(probe_cpu(tree.host()).microcode.value_or(""), "0xa6");
  tree.file("/proc/cpuinfo", "processor : 0\nmicrocode : 0x2b000603\nflags : lm\n");
  EXPECT_EQ(probe_cpu(tree.host()).microcode.value_or(""), "0x2b000603");
}

TEST(CpuProbe, SmtThatIsSwitchedOffIsInactive) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/smt/active", "0\n");
  EXPECT_FALSE(probe_cpu(tree.host()).smt_active.value_or(true));
}

TEST(CpuProbe, ADifferingCountOfCpuidIsShown) {
  MachineTree tree;
  tree.file("/sys/devices/system/cpu/online", "0\n")
      .file("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0\n")
      .file("/sys/devices/system/cpu/cpu0/topology/core_id", "0\n")
      .file("/sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
  const CpuProfile cpu = probe_cpu(tree.host().with_cpuid(processors({0, 0}, 0x7)));
  EXPECT_EQ(cpu.physical_cores.value_or(0), 1U);
  EXPECT_THAT(cpu.physical_cores.source(), HasSubstr("CPUID counts 2 cores, 2 threads"));
}

TEST(CpuProbe, ADifferingCountOfLibcpuidIsShown) {
  const auto dump =
      read_cpuid_dump(std::filesystem::path(ASSAY_TEST_ROOT) /
                      "fixtures/cpuid/intel__x86-64__haswell__intel-core-i7-4770-cpu.test");
  ASSERT_TRUE(dump);
  const CpuProfile alone = probe_with(*dump);
  EXPECT_EQ(alone.physical_cores.source(), "CPUID, libcpuid agrees");
  MachineTree tree;  // two CPUs, where the recording of the processor tells of eight
  tree.file("/sys/devices/system/cpu/online", "0-1\n");
  for (const char* cpu : {"0", "1"}) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}/topology/", cpu);
    tree.file(folder + "thread_siblings_list", cpu)
        .file(folder + "core_id", cpu)
        .file(folder + "physical_package_id", "0\n");
  }
  const CpuProfile cpu = probe_cpu(tree.host().with_cpuid(*dump));
  EXPECT_EQ(cpu.physical_cores.value_or(0), 2U);
  EXPECT_THAT(cpu.physical_cores.source(),
              HasSubstr("(CPUID counts 4 cores, 8 threads) (libcpuid counts 4 cores, 8 threads)"));
}

TEST(IsaFeatures, EveryFeatureHasOneNameAndOneBit) {
  std::set<std::string_view> names;
  std::set<std::tuple<std::uint32_t, std::uint32_t, int, unsigned>> bits;
  for (const IsaFeature& feature : isa_features()) {
    EXPECT_TRUE(names.insert(feature.name).second) << feature.name;
    EXPECT_TRUE(
        bits.insert({feature.leaf, feature.subleaf, static_cast<int>(feature.in), feature.bit})
            .second)
        << feature.name;
  }
}

/// One row of the table of instruction sets: which bit alone makes which name.
struct IsaRow {
  const char* name;
  std::uint32_t leaf, subleaf;
  int in;  // 0 EAX, 1 EBX, 2 ECX, 3 EDX
  unsigned bit;
  std::uint64_t needs;  // of XCR0
};

// Intel SDM volume 2A, CPUID; the needed state by the width of the registers.
const IsaRow k_isa_rows[] = {
    {"pni", 1, 0, 2, 0, 0},
    {"ssse3", 1, 0, 2, 9, 0},
    {"sse4_1", 1, 0, 2, 19, 0},
    {"sse4_2", 1, 0, 2, 20, 0},
    {"popcnt", 1, 0, 2, 23, 0},
    {"avx", 1, 0, 2, 28, 0x6},
    {"fma", 1, 0, 2, 12, 0x6},
    {"f16c", 1, 0, 2, 29, 0x6},
    {"avx2", 7, 0, 1, 5, 0x6},
    {"bmi2", 7, 0, 1, 8, 0},
    {"avx512f", 7, 0, 1, 16, 0xE6},
    {"avx512dq", 7, 0, 1, 17, 0xE6},
    {"avx512ifma", 7, 0, 1, 21, 0xE6},
    {"avx512cd", 7, 0, 1, 28, 0xE6},
    {"avx512bw", 7, 0, 1, 30, 0xE6},
    {"avx512vl", 7, 0, 1, 31, 0xE6},
    {"avx512vbmi", 7, 0, 2, 1, 0xE6},
    {"avx512_vbmi2", 7, 0, 2, 6, 0xE6},
    {"avx512_vnni", 7, 0, 2, 11, 0xE6},
    {"avx512_bitalg", 7, 0, 2, 12, 0xE6},
    {"avx512_vpopcntdq", 7, 0, 2, 14, 0xE6},
    {"avx512_fp16", 7, 0, 3, 23, 0xE6},
    {"avx_vnni", 7, 1, 0, 4, 0x6},
    {"avx512_bf16", 7, 1, 0, 5, 0xE6},
    {"amx_fp16", 7, 1, 0, 21, 0x60000},
    {"avx_ifma", 7, 1, 0, 23, 0x6},
    {"avx_vnni_int8", 7, 1, 3, 4, 0x6},
    {"avx_ne_convert", 7, 1, 3, 5, 0x6},
    {"amx_complex", 7, 1, 3, 8, 0x60000},
    {"avx_vnni_int16", 7, 1, 3, 10, 0x6},
    {"avx10", 7, 1, 3, 19, 0xE6},
    {"amx_bf16", 7, 0, 3, 22, 0x60000},
    {"amx_tile", 7, 0, 3, 24, 0x60000},
    {"amx_int8", 7, 0, 3, 25, 0x60000},
};

std::vector<std::string> isa_of_bit(const IsaRow& row, std::uint64_t xcr0) {
  CpuidSource source;
  source.cpus = {0};
  source.xcr0 = [xcr0] { return std::optional(xcr0); };
  source.query = [&row](unsigned, std::uint32_t leaf,
                        std::uint32_t subleaf) -> std::optional<CpuidRegisters> {
    CpuidRegisters registers;
    if (leaf == 0) registers = {7, 0, 0, 0};
    if (leaf == row.leaf && subleaf == row.subleaf) {
      const std::uint32_t word = 1U << row.bit;
      if (row.in == 0) registers.eax = word;
      if (row.in == 1) registers.ebx = word;
      if (row.in == 2) registers.ecx = word;
      if (row.in == 3) registers.edx = word;
    }
    return registers;
  };
  return isa_names(decode_isa(source, 0).value_or(IsaSet()));
}

TEST(IsaFeatures, EachBitAloneMakesItsNameWhereTheStateIsEnabled) {
  for (const IsaRow& row : k_isa_rows) {
    EXPECT_THAT(isa_of_bit(row, row.needs), ElementsAre(row.name));
  }
}

TEST(IsaFeatures, EachStateBitIsNeeded) {
  for (const IsaRow& row : k_isa_rows) {
    for (unsigned bit = 0; bit < 20; ++bit) {
      const std::uint64_t one = std::uint64_t{1} << bit;
      if ((row.needs & one) == 0) continue;
      EXPECT_TRUE(isa_of_bit(row, ~one).empty()) << row.name << " without bit " << bit;
    }
  }
}

}  // namespace
}  // namespace assay
