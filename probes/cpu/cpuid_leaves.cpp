#include "probes/cpu/cpuid_leaves.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace assay {
namespace {

void append_letters(std::string& text, std::uint32_t registers) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    text += static_cast<char>((registers >> shift) & 0xFFU);
  }
}

/// Up to the first zero, made printable.
std::string clean(std::string_view letters) {
  return fold_blanks(printable(letters.substr(0, letters.find('\0'))));
}

// Sources: the documentation of each hypervisor's CPUID leaves, and Linux arch/x86/kernel/cpu.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> k_hypervisors{{
    {"KVMKVMKVM", "KVM"},
    {"Linux KVM Hv", "KVM (Hyper-V enlightenments)"},
    {"Microsoft Hv", "Hyper-V"},
    {"VMwareVMware", "VMware"},
    {"XenVMMXenVMM", "Xen"},
    {"prl hyperv", "Parallels"},
    {"lrpepyh vr", "Parallels"},
    {"VBoxVBoxVBox", "VirtualBox"},
    {"bhyve bhyve", "bhyve"},
    {"TCGTCGTCGTCG", "QEMU (emulated)"},
    {"ACRNACRNACRN", "ACRN"},
    {"QNXQVMBSQG", "QNX"},
}};

}  // namespace

CpuidLeaves::CpuidLeaves(const CpuidSource& source, unsigned cpu) : source_(source), cpu_(cpu) {
  if (const auto basic = source_.query(cpu_, 0, 0)) last_basic_ = basic->eax;
  const auto extended = source_.query(cpu_, 0x80000000, 0);
  // Processors without extended leaves answer with something else.
  if (extended && (extended->eax >> 16U) == 0x8000) last_extended_ = extended->eax;
}

std::optional<CpuidRegisters> CpuidLeaves::find(std::uint32_t leaf, std::uint32_t subleaf) const {
  if (leaf < 0x80000000 && leaf > last_basic_) return std::nullopt;
  if (leaf >= 0x80000000 && leaf > last_extended_) return std::nullopt;
  return source_.query(cpu_, leaf, subleaf);
}

std::string fold_blanks(std::string_view text) {
  std::string folded;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    if (!folded.empty()) folded += ' ';
    folded += word;
  }
  return folded;
}

std::optional<std::string> cpuid_vendor(const CpuidLeaves& leaves) {
  const auto registers = leaves.find(0);
  if (!registers) return std::nullopt;
  std::string letters;
  append_letters(letters, registers->ebx);
  append_letters(letters, registers->edx);
  append_letters(letters, registers->ecx);
  const std::string vendor = clean(letters);
  return vendor.empty() ? std::nullopt : std::optional(vendor);
}

std::optional<std::string> cpuid_brand(const CpuidLeaves& leaves) {
  std::string letters;
  for (const std::uint32_t leaf : {0x80000002U, 0x80000003U, 0x80000004U}) {
    const auto registers = leaves.find(leaf);
    if (!registers) return std::nullopt;
    append_letters(letters, registers->eax);
    append_letters(letters, registers->ebx);
    append_letters(letters, registers->ecx);
    append_letters(letters, registers->edx);
  }
  const std::string brand = clean(letters);
  return brand.empty() ? std::nullopt : std::optional(brand);
}

std::optional<CpuSignature> cpuid_signature(const CpuidLeaves& leaves) {
  const auto registers = leaves.find(1);
  if (!registers) return std::nullopt;
  const std::uint32_t word = registers->eax;
  const std::uint32_t family = (word >> 8U) & 0xFU;
  const std::uint32_t model = (word >> 4U) & 0xFU;
  CpuSignature signature{family, model, word & 0xFU};
  // The extended family counts for family 15 only, the extended model for 6 and 15 (Intel SDM, AMD
  // APM); Zhaoxin uses it for 7 too.
  if (family == 0xF) signature.family += (word >> 20U) & 0xFFU;
  if (family >= 6) signature.model += ((word >> 16U) & 0xFU) << 4U;
  return signature;
}

std::optional<std::string> cpuid_hypervisor(const CpuidSource& source, unsigned cpu) {
  const CpuidLeaves leaves(source, cpu);
  const auto features = leaves.find(1);
  constexpr std::uint32_t k_hypervisor_bit = 1U << 31U;
  if (!features || (features->ecx & k_hypervisor_bit) == 0) return std::nullopt;
  const auto registers = source.query(cpu, 0x40000000, 0);
  if (!registers) return "unnamed";
  std::string letters;
  append_letters(letters, registers->ebx);
  append_letters(letters, registers->ecx);
  append_letters(letters, registers->edx);
  const std::string name = clean(letters);
  for (const auto& [signature, known] : k_hypervisors) {
    if (name.starts_with(signature)) return std::string(known);
  }
  return name.empty() ? "unnamed" : name;
}

}  // namespace assay
