#include "probes/cpu/cpuid_text.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

constexpr std::uint32_t k_serial_number_leaf = 3;  // Pentium III and Transmeta

}  // namespace

std::string cpuid_text(const CpuidSource& source) {
  std::string text;
  for (const unsigned cpu : source.cpus) {
    text += fmt::format("------[ Logical CPU #{} ]------\n", cpu);
    for (const CpuidQuestion& question : source.questions(cpu)) {
      const auto answer = source.query(cpu, question.leaf, question.subleaf);
      if (!answer || question.leaf == k_serial_number_leaf) continue;
      text += fmt::format("CPUID {:08X}: {:08X}-{:08X}-{:08X}-{:08X} [SL {:02X}]\n", question.leaf,
                          answer->eax, answer->ebx, answer->ecx, answer->edx, question.subleaf);
    }
  }
  if (const auto xcr0 = source.xcr0()) text += fmt::format("XCR0: {:016X}\n", *xcr0);
  return text;
}

}  // namespace assay
