#include "probes/cpu/arm_features.hpp"

#include <array>
#include <string_view>

namespace assay {
namespace {

// Bit by bit from 0.
constexpr std::array<std::string_view, 32> k_first{
    "fp",      "asimd", "evtstrm", "aes",   "pmull",    "sha1",   "sha2", "crc32",
    "atomics", "fphp",  "asimdhp", "cpuid", "asimdrdm", "jscvt",  "fcma", "lrcpc",
    "dcpop",   "sha3",  "sm3",     "sm4",   "asimddp",  "sha512", "sve",  "asimdfhm",
    "dit",     "uscat", "ilrcpc",  "flagm", "ssbs",     "sb",     "paca", "pacg"};
constexpr std::array<std::string_view, 46> k_second{
    "dcpodp",    "sve2",      "sveaes",  "svepmull",  "svebitperm", "svesha3",    "svesm4",
    "flagm2",    "frint",     "svei8mm", "svef32mm",  "svef64mm",   "svebf16",    "i8mm",
    "bf16",      "dgh",       "rng",     "bti",       "mte",        "ecv",        "afp",
    "rpres",     "mte3",      "sme",     "smei16i64", "smef64f64",  "smei8i32",   "smef16f32",
    "smeb16f32", "smef32f32", "smefa64", "wfxt",      "ebf16",      "sveebf16",   "cssc",
    "rprfm",     "sve2p1",    "sme2",    "sme2p1",    "smei16i32",  "smebi32i32", "smeb16b16",
    "smef16f16", "mops",      "hbc",     "sveb16b16"};

template <std::size_t n>
void append(std::vector<std::string>& names, const std::array<std::string_view, n>& table,
            std::uint64_t word) {
  for (std::size_t bit = 0; bit < n; ++bit) {
    if (((word >> bit) & 1U) != 0) names.emplace_back(table[bit]);
  }
}

}  // namespace

std::vector<std::string> arm_feature_names(std::uint64_t hwcap, std::uint64_t hwcap2) {
  std::vector<std::string> names;
  append(names, k_first, hwcap);
  append(names, k_second, hwcap2);
  return names;
}

}  // namespace assay
