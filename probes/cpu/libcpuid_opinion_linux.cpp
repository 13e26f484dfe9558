#include <fmt/format.h>
#include <libcpuid/libcpuid.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"
#include "probes/cpu/cpuid_leaves.hpp"
#include "probes/cpu/libcpuid_opinion.hpp"
#include "probes/os/child_process.hpp"

namespace assay {
namespace {

constexpr std::chrono::seconds k_time_limit{5};

void fill(std::uint32_t (&row)[NUM_REGS], const std::optional<CpuidRegisters>& registers) {
  if (!registers) return;
  row[EAX] = registers->eax;
  row[EBX] = registers->ebx;
  row[ECX] = registers->ecx;
  row[EDX] = registers->edx;
}

std::unique_ptr<cpu_raw_data_t> raw_answers(const CpuidSource& source, unsigned cpu) {
  auto raw = std::make_unique<cpu_raw_data_t>();
  std::memset(raw.get(), 0, sizeof(cpu_raw_data_t));
  const CpuidLeaves leaves(source, cpu);
  for (std::uint32_t leaf = 0; leaf < MAX_CPUID_LEVEL; ++leaf) {
    fill(raw->basic_cpuid[leaf], leaves.find(leaf));
  }
  for (std::uint32_t leaf = 0; leaf < MAX_EXT_CPUID_LEVEL; ++leaf) {
    fill(raw->ext_cpuid[leaf], source.query(cpu, 0x80000000 + leaf, 0));
  }
  for (std::uint32_t subleaf = 0; subleaf < MAX_INTELFN4_LEVEL; ++subleaf) {
    fill(raw->intel_fn4[subleaf], leaves.find(4, subleaf));
  }
  for (std::uint32_t subleaf = 0; subleaf < MAX_INTELFN11_LEVEL; ++subleaf) {
    fill(raw->intel_fn11[subleaf], leaves.find(0xB, subleaf));
  }
  for (std::uint32_t subleaf = 0; subleaf < MAX_AMDFN8000001DH_LEVEL; ++subleaf) {
    fill(raw->amd_fn8000001dh[subleaf], leaves.find(0x8000001D, subleaf));
  }
  return raw;
}

/// The child's work: the opinion as JSON text, empty when libcpuid has none.
std::string identify(const CpuidSource& source, unsigned cpu) {
  const auto raw = raw_answers(source, cpu);
  cpu_id_t id;
  std::memset(&id, 0, sizeof(id));
  if (cpu_identify(raw.get(), &id) != 0) return {};
  Json opinion = Json::object();
  opinion["brand"] = printable(static_cast<const char*>(id.brand_str));
  opinion["cores"] = std::max(id.num_cores, 1);
  opinion["threads"] = std::max(id.num_logical_cpus, 1);
  opinion["l1d"] = id.l1_data_cache;
  opinion["l1i"] = id.l1_instruction_cache;
  opinion["l2"] = id.l2_cache;
  opinion["l3"] = id.l3_cache;
  return opinion.dump();
}

}  // namespace

Result<LibcpuidOpinion> libcpuid_opinion(const CpuidSource& source, unsigned cpu) {
  const std::string vendor = cpuid_vendor(CpuidLeaves(source, cpu)).value_or("");
  if (vendor != "GenuineIntel" && vendor != "AuthenticAMD" && vendor != "HygonGenuine") {
    return fail(ErrorCode::unknown, fmt::format("libcpuid does not know the vendor {}", vendor));
  }
  const auto text = run_in_child([&] { return identify(source, cpu); }, k_time_limit);
  if (!text) return fail(ErrorCode::unknown, "libcpuid " + text.error().message);
  if (text->empty()) return fail(ErrorCode::unknown, "libcpuid does not know this processor");
  const auto answer = parse_json(*text, "libcpuid");
  if (!answer) return pass_on(answer);
  LibcpuidOpinion opinion;
  opinion.brand = (*answer)["brand"].get<std::string>();
  const auto add = [&](const char* key, std::uint32_t level, const char* type,
                       std::uint32_t instances) {
    const auto kibibytes = (*answer)[key].get<std::int64_t>();
    if (kibibytes <= 0) return;
    opinion.caches.push_back(
        {level, type, Bytes(static_cast<std::uint64_t>(kibibytes) * 1024), instances});
  };
  const auto cores = (*answer)["cores"].get<std::uint32_t>();
  opinion.cores = cores;
  opinion.threads = (*answer)["threads"].get<std::uint32_t>();
  add("l1d", 1, "data", cores);
  add("l1i", 1, "instruction", cores);
  add("l2", 2, "unified", cores);
  add("l3", 3, "unified", 1);
  return opinion;
}

}  // namespace assay
