#include "advisor/cost/prompt_prior.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace assay {
namespace {

using Range = PromptPrior::Range;

/// What one fast core does with the best instructions that it has, in 1e9 operations a second.
struct CoreRate {
  std::string_view isa;
  Range giga;
};

// Best first. Expected: the reference engine's prompts of 512 tokens in Q4_K_M on three processors;
// of i8mm, which it was not timed with, between two engines that others timed. Low and high: other
// engines, formats and clocks. docs/method.md has the figures behind each.
constexpr std::array<CoreRate, 5> k_core_rates{{
    {"amx_int8", {180.0, 390.0, 450.0}},
    {"avx512_vnni", {55.0, 250.0, 330.0}},
    {"avx_vnni", {50.0, 160.0, 250.0}},
    {"avx2", {40.0, 150.0, 240.0}},
    {"i8mm", {35.0, 150.0, 235.0}},
}};

// Products with 16-bit weights over those of block formats: 0.35 on a Zen 4, 0.4 with AVX2 and 0.6
// with AMX in the reference engine; as many in ik_llama.cpp where processors multiply BF16.
constexpr Range k_plain_share{0.35, 0.45, 1.0};

// An efficiency core has vector units half as wide or as many, and a lower clock; nobody's rows
// tell them apart.
constexpr Range k_efficiency_core{0.3, 0.5, 0.7};

Range times(const Range& a, const Range& b) {
  return {a.low * b.low, a.expected * b.expected, a.high * b.high};
}

bool is_slow(const CoreType& type) { return type.kind == "efficiency" || type.kind == "middle"; }

/// As many fast cores as do the work of these threads.
Range fast_cores(const CpuProfile& cpu, unsigned threads) {
  const unsigned cores = cpu.physical_cores.value_or(threads);
  double left = std::min(threads, cores);
  if (!cpu.core_types.is_known()) return {left, left, left};
  const auto take = [&left](double most) {
    const double taken = std::min(left, most);
    left -= taken;
    return taken;
  };
  double slow_cores = 0.0;
  double quick_cores = 0.0;
  for (const CoreType& type : cpu.core_types.value()) {
    if (type.kind == "low_power") continue;
    (is_slow(type) ? slow_cores : quick_cores) += type.cores;
  }
  const double quick = take(quick_cores);
  const double slow = take(slow_cores);
  return {quick + slow * k_efficiency_core.low, quick + slow * k_efficiency_core.expected,
          quick + slow * k_efficiency_core.high};
}

}  // namespace

std::optional<PromptPrior> prompt_prior(const CpuProfile& cpu, unsigned threads) {
  if (!cpu.isa.is_known()) return std::nullopt;
  const std::vector<std::string>& known = cpu.isa.value();
  const auto rate = std::ranges::find_if(
      k_core_rates, [&](const CoreRate& one) { return std::ranges::count(known, one.isa) > 0; });
  if (rate == k_core_rates.end()) return std::nullopt;
  constexpr Range k_giga{1e9, 1e9, 1e9};
  PromptPrior prior;
  prior.integer = times(times(rate->giga, k_giga), fast_cores(cpu, threads));
  prior.plain = times(prior.integer, k_plain_share);
  return prior;
}

}  // namespace assay
