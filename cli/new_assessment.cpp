#include "cli/new_assessment.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <utility>

#include "cli/tool_info.hpp"

namespace assay {
namespace {

/// UUID version 4 (RFC 4122): 122 random bits.
std::string random_uuid() {
  std::random_device device;
  std::array<std::uint32_t, 4> bits{};
  for (auto& word : bits) word = device();
  bits[1] = (bits[1] & 0xFFFF0FFFU) | 0x00004000U;  // version 4
  bits[2] = (bits[2] & 0x3FFFFFFFU) | 0x80000000U;  // variant 1
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", bits[0], bits[1] >> 16U,
                     bits[1] & 0xFFFFU, bits[2] >> 16U, bits[2] & 0xFFFFU, bits[3]);
}

}  // namespace

Assessment new_assessment(std::string command) {
  Assessment assessment;
  assessment.run_id = random_uuid();
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  assessment.started_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
  assessment.command = std::move(command);
  assessment.tool = tool_info();
  double load = 0.0;
  assessment.environment.load_average_1m =
      ::getloadavg(&load, 1) == 1 ? Fact<double>::known(load, "getloadavg, before anything was run")
                                  : Fact<double>::unknown("the system does not tell");
  return assessment;
}

}  // namespace assay
