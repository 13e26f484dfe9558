#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "workloads/measure/clock.hpp"
#include "workloads/micro/scratch_file.hpp"
#include "workloads/storage_speed.hpp"

namespace assay {
namespace {

using Rate = Fact<Statistic>;

constexpr std::size_t k_regions =
    8;  // samples of one quantity: parts of the file, one after another
constexpr unsigned k_queue = 8;

/// Blocks that no file system can compress, and no two alike.
void fill_randomly(std::byte* block, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t at = 0; at < k_block; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(block + at, &word, sizeof word);
  }
}

std::uint64_t wanted_blocks(Bytes free, const StorageTestLimits& limits) {
  const double allowed = static_cast<double>(free.value) * limits.free_share;
  return static_cast<std::uint64_t>(
             std::min(allowed, static_cast<double>(limits.most_file.value))) /
         k_block;
}

/// Writes until the file is as large as allowed or the time is over. Flushes often: a slow drive
/// must not be left with gigabytes to write.
Result<ScratchFile> make_file(const std::filesystem::path& folder, const StorageTestLimits& limits,
                              const Clock& clock, const std::stop_token& stop) {
  constexpr std::uint64_t k_blocks_a_flush = 16;
  const auto free = free_space(folder);
  if (!free) return fail(ErrorCode::io, "how much space is free is not told", folder.string());
  const std::uint64_t blocks = wanted_blocks(*free, limits);
  const std::uint64_t least = limits.least_file.value / k_block;
  if (blocks < least) {
    return fail(ErrorCode::does_not_fit,
                fmt::format("too little space to measure with: {} are free", human_bytes(*free)),
                folder.string());
  }
  auto file = ScratchFile::create(folder);
  if (!file) return file;
  const AlignedBlock block = aligned_block();
  if (!block) return fail(ErrorCode::does_not_fit, "no memory to measure storage with");
  const double end = clock() + limits.write_seconds;
  for (std::uint64_t written = 0; written < blocks; ++written) {
    if (stop.stop_requested()) return fail(ErrorCode::interrupted, "storage: interrupted");
    if (written % k_blocks_a_flush == 0) {
      if (written > 0) {
        if (auto done = file->flush(); !done) return pass_on(done);
      }
      if (written >= least && clock() > end) break;
    }
    fill_randomly(block.get(), written);
    if (auto done = file->append({block.get(), k_block}); !done) return pass_on(done);
  }
  if (auto done = file->flush(); !done) return pass_on(done);
  return file;
}

/// Reads blocks [first, last) with so many threads; false when the system refuses one.
bool read_region(const ScratchFile& file, std::size_t first, std::size_t last, unsigned threads,
                 const std::vector<AlignedBlock>& buffers) {
  std::atomic<std::size_t> next{first};
  std::atomic<bool> good{true};
  const auto work = [&](unsigned thread) {
    for (std::size_t block = next++; block < last && good; block = next++) {
      if (!file.read_block(block, buffers[thread].get())) good = false;
    }
  };
  std::vector<std::jthread> others;
  for (unsigned thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
  work(0);
  others.clear();  // joins them
  return good;
}

/// Rates of the regions of a file, one after another, as far as the time allows. `read` reads
/// blocks [first, last) and says whether it could.
template <typename Read>
Result<std::vector<double>> time_regions(std::size_t blocks, double seconds, const Clock& clock,
                                         const std::stop_token& stop, Read read) {
  std::vector<double> rates;
  const double start = clock();
  for (std::size_t region = 0; region < k_regions; ++region) {
    if (stop.stop_requested()) return fail(ErrorCode::interrupted, "storage: interrupted");
    if (region > 0 && clock() - start > seconds) break;
    const std::size_t first = blocks * region / k_regions;
    const std::size_t last = blocks * (region + 1) / k_regions;
    const double before = clock();
    if (!read(first, last)) return fail(ErrorCode::io, "a read failed");
    const double taken = clock() - before;
    if (taken > 0) rates.push_back(static_cast<double>((last - first) * k_block) / taken);
  }
  if (rates.empty()) return fail(ErrorCode::io, "the clock did not move");
  return rates;
}

class StorageTest {
 public:
  StorageTest(ScratchFile file, std::vector<AlignedBlock> buffers, const StorageTestLimits& limits,
              const Clock& clock, const std::stop_token& stop)
      : file_(std::move(file)),
        buffers_(std::move(buffers)),
        blocks_(file_.size().value / k_block),
        limits_(limits),
        clock_(clock),
        stop_(stop) {}

  Result<StorageSpeed> run() {
    StorageSpeed speed;
    speed.file = file_.size();
    file_.drop_cache();
    speed.direct_queue1_bytes_per_second = direct(1);
    speed.direct_queue8_bytes_per_second = direct(k_queue);
    file_.read_directly(false);
    speed.mapped_cold_bytes_per_second = mapped_cold();
    speed.warm_bytes_per_second = warm();
    if (stop_.stop_requested()) return fail(ErrorCode::interrupted, "storage: interrupted");
    return speed;
  }

 private:
  Rate as_fact(const Result<std::vector<double>>& rates, const std::string& how) const {
    if (!rates) return Rate::unknown(rates.error().message);
    return Rate::known(describe(*rates), how);
  }

  Rate direct(unsigned queue) {
    if (!file_.read_directly(true)) {
      return Rate::unknown("the file system refuses direct reads (O_DIRECT)");
    }
    const auto rates = time_regions(blocks_, limits_.read_seconds, clock_, stop_,
                                    [&](std::size_t first, std::size_t last) {
                                      return read_region(file_, first, last, queue, buffers_);
                                    });
    if (!rates && rates.error().code == ErrorCode::io) {
      return Rate::unknown("the file system refuses direct reads (O_DIRECT): " +
                           rates.error().message);
    }
    return as_fact(rates, fmt::format("direct reads of 1 MiB, {} at once", queue));
  }

  Rate mapped_cold() {
    constexpr double k_most_resident = 0.05;  // pages that stay by chance do not move the rate
    file_.drop_cache();
    const auto mapping = file_.map();
    if (!mapping) return Rate::unknown("the file cannot be mapped");
    const auto resident = mapping->resident_share();
    if (!resident) return Rate::unknown("the system does not tell what is in memory (mincore)");
    if (*resident > k_most_resident) {
      return Rate::unknown(
          fmt::format("the page cache did not let go of the file ({:.0f} % of it "
                      "stayed): a cold read cannot be made",
                      *resident * 100));
    }
    std::uint64_t sum = 0;
    const auto rates = time_regions(
        blocks_, limits_.read_seconds, clock_, stop_, [&](std::size_t first, std::size_t last) {
          constexpr std::size_t k_page = 4096;
          const auto bytes = mapping->bytes().subspan(first * k_block, (last - first) * k_block);
          for (std::size_t at = 0; at < bytes.size(); at += k_page) {
            sum += std::to_integer<std::uint64_t>(bytes[at]);
          }
          return true;
        });
    sink_.store(sum, std::memory_order_relaxed);  // so that the reads are not left out
    return as_fact(rates, "one read of each page of a mapping that was not in memory");
  }

  Rate warm() {
    // The whole file goes into the cache first, as far as the time allows; only that is timed.
    const auto filled = time_regions(blocks_, limits_.read_seconds, clock_, stop_,
                                     [&](std::size_t first, std::size_t last) {
                                       warm_blocks_ = last;
                                       return read_region(file_, first, last, 1, buffers_);
                                     });
    if (!filled) return as_fact(filled, {});
    return as_fact(time_regions(warm_blocks_, limits_.read_seconds, clock_, stop_,
                                [&](std::size_t first, std::size_t last) {
                                  return read_region(file_, first, last, 1, buffers_);
                                }),
                   "reads of 1 MiB from the page cache");
  }

  ScratchFile file_;
  std::vector<AlignedBlock> buffers_;
  std::size_t blocks_;
  std::size_t warm_blocks_ = 0;
  const StorageTestLimits& limits_;
  const Clock& clock_;
  const std::stop_token& stop_;
  std::atomic<std::uint64_t> sink_{0};
};

}  // namespace

Result<StorageSpeed> measure_storage(const std::filesystem::path& folder,
                                     const StorageTestLimits& limits, const std::stop_token& stop) {
  const Clock clock = steady_clock();
  auto file = make_file(folder, limits, clock, stop);
  if (!file) return pass_on(file);
  std::vector<AlignedBlock> buffers;
  for (unsigned i = 0; i < k_queue; ++i) {
    buffers.push_back(aligned_block());
    if (!buffers.back()) return fail(ErrorCode::does_not_fit, "no memory to measure storage with");
  }
  return StorageTest(std::move(*file), std::move(buffers), limits, clock, stop).run();
}

}  // namespace assay
