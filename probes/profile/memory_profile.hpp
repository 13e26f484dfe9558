#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

/// A populated memory device of the firmware's table (SMBIOS type 17). Serial numbers are not read.
struct MemoryModule {
  std::optional<std::string> locator;  // "Controller0-ChannelA-DIMM0"
  std::optional<std::string> bank;     // "P0 CHANNEL A"
  Bytes bytes;
  std::optional<std::string> type;         // "DDR5", "LPDDR5"
  std::optional<std::uint32_t> data_bits;  // width, without error correction
  std::optional<std::uint32_t> rated_megatransfers_per_second;
  std::optional<std::uint32_t> configured_megatransfers_per_second;
  std::optional<std::string> manufacturer;
  std::optional<std::string> part_number;
};

/// Huge pages of one size that the system set aside.
struct HugePagePool {
  Bytes page_bytes;
  std::uint64_t pages = 0;
  std::uint64_t free_pages = 0;
};

struct MemoryProfile {
  Fact<Bytes> total;
  Fact<Bytes> free;  // in no use at all; caches that can be dropped are not in it
  Fact<Bytes> available;
  Fact<Bytes>
      limit;  // the tightest of the nested cgroup and resource limits; absent when there is none
  Fact<Bytes> limit_headroom;  // what is left below that limit, reclaimable cache counted as free
  Fact<Bytes> lock_limit;      // RLIMIT_MEMLOCK of this process; absent when there is none
  Fact<Bytes> swap_total;
  Fact<Bytes> swap_free;
  Fact<Bytes> zram;          // swap that is compressed memory, by its uncompressed size
  Fact<bool> zswap_enabled;  // pages are compressed before they go to swap
  Fact<std::string> transparent_huge_pages;  // "always", "madvise", "never"
  Fact<std::vector<HugePagePool>> huge_page_pools;
  Fact<std::string> overcommit;  // "heuristic", "always", "never"
  Fact<std::vector<MemoryModule>> modules;
  Fact<std::uint32_t> channels;  // populated ones
  Fact<double> theoretical_bandwidth_bytes_per_second;
  Fact<double> pressure_avg10;       // share of the last 10 s in which some task waited for memory
  Fact<double> full_pressure_avg10;  // in which all did
};

}  // namespace assay
