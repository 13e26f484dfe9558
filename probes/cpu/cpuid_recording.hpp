#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/host_view.hpp"

namespace assay {

/// CPUID answers held in memory: what a recording says, or what the running processor said.
class CpuidRecording {
 public:
  /// Keeps the first answer to a question; a later one to the same question is ignored.
  void add(unsigned cpu, std::uint32_t leaf, std::uint32_t subleaf, CpuidRegisters registers);
  void set_xcr0(std::uint64_t xcr0) { xcr0_ = xcr0; }
  /// An identification register of an Arm core; the first word counts here too.
  void add_arm_register(unsigned cpu, std::string name, std::uint64_t value);

  [[nodiscard]] std::optional<CpuidRegisters> find(unsigned cpu, std::uint32_t leaf,
                                                   std::uint32_t subleaf) const;
  /// Everything that `find` answers on `cpu`, ascending.
  [[nodiscard]] std::vector<CpuidQuestion> questions(unsigned cpu) const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::vector<unsigned> cpus() const;
  [[nodiscard]] bool has_arm_registers() const { return !arm_registers_.empty(); }

  /// A source that answers from `recording`.
  static CpuidSource source(std::shared_ptr<const CpuidRecording> recording,
                            std::string description);

 private:
  using Question = std::pair<std::uint32_t, std::uint32_t>;  // leaf and sub-leaf
  std::map<unsigned, std::map<Question, CpuidRegisters>> answers_;
  std::map<unsigned, std::map<std::string, std::uint64_t>> arm_registers_;
  std::optional<std::uint64_t> xcr0_;
  std::size_t size_ = 0;
};

}  // namespace assay
