#include "probes/cpu/cpuid_recording.hpp"

namespace assay {

void CpuidRecording::add(unsigned cpu, std::uint32_t leaf, std::uint32_t subleaf,
                         CpuidRegisters registers) {
  if (answers_[cpu].try_emplace({leaf, subleaf}, registers).second) ++size_;
}

void CpuidRecording::add_arm_register(unsigned cpu, std::string name, std::uint64_t value) {
  if (arm_registers_[cpu].try_emplace(std::move(name), value).second) ++size_;
}

std::optional<CpuidRegisters> CpuidRecording::find(unsigned cpu, std::uint32_t leaf,
                                                   std::uint32_t subleaf) const {
  const auto answers = answers_.find(cpu);
  if (answers == answers_.end()) return std::nullopt;
  const auto answer = answers->second.find({leaf, subleaf});
  if (answer == answers->second.end()) return std::nullopt;
  return answer->second;
}

std::vector<CpuidQuestion> CpuidRecording::questions(unsigned cpu) const {
  std::vector<CpuidQuestion> list;
  const auto answers = answers_.find(cpu);
  if (answers == answers_.end()) return list;
  for (const auto& [question, registers] : answers->second) {
    list.push_back({question.first, question.second});
  }
  return list;
}

std::vector<unsigned> CpuidRecording::cpus() const {
  std::vector<unsigned> list;
  for (const auto& [cpu, answers] : answers_) list.push_back(cpu);
  return list;
}

CpuidSource CpuidRecording::source(std::shared_ptr<const CpuidRecording> recording,
                                   std::string description) {
  CpuidSource source;
  source.cpus = recording->cpus();
  source.description = std::move(description);
  for (const auto& [cpu, registers] : recording->arm_registers_) {
    source.arm_registers.push_back(registers);
  }
  source.questions = [recording](unsigned cpu) { return recording->questions(cpu); };
  source.xcr0 = [recording] { return recording->xcr0_; };
  source.query = [recording = std::move(recording)](unsigned cpu, std::uint32_t leaf,
                                                    std::uint32_t subleaf) {
    return recording->find(cpu, leaf, subleaf);
  };
  return source;
}

}  // namespace assay
