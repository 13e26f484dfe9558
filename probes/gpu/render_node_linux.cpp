// Questions to the kernel's drivers that only an opened device answers. Run in a child process: a
// hung driver hangs its callers.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "probes/gpu/drm_regions.hpp"
#include "probes/gpu/library_calls.hpp"

namespace assay {
namespace {

constexpr std::size_t k_longest_answer = 65536;

// Driver requests begin at 0x40 (DRM_COMMAND_BASE) of type 'd'. Layouts as in drm_regions.cpp.
struct I915QueryItem {
  std::uint64_t query_id;
  std::int32_t length;  // in: room; out: what was written, or a negative error
  std::uint32_t flags;
  std::uint64_t data;
};
struct I915Query {
  std::uint32_t item_count;
  std::uint32_t flags;
  std::uint64_t items;
};
constexpr auto k_i915_query = _IOWR('d', 0x40 + 0x39, I915Query);
constexpr std::uint64_t k_i915_memory_regions = 4;

struct XeQuery {
  std::uint64_t extensions;
  std::uint32_t query;
  std::uint32_t size;
  std::uint64_t data;
  std::array<std::uint64_t, 2> reserved;
};
static_assert(sizeof(XeQuery) == 40);
constexpr auto k_xe_query = _IOWR('d', 0x40 + 0x00, XeQuery);
constexpr std::uint32_t k_xe_memory_regions = 1;

struct AmdgpuInfo {
  std::uint64_t data;
  std::uint32_t size;
  std::uint32_t query;
  std::array<std::uint32_t, 4> arguments;
};
static_assert(sizeof(AmdgpuInfo) == 32);
constexpr auto k_amdgpu_info = _IOW('d', 0x40 + 0x05, AmdgpuInfo);
constexpr std::uint32_t k_amdgpu_device = 0x16;

using Answer = std::vector<std::byte>;

std::uint64_t address_of(void* data) { return reinterpret_cast<std::uintptr_t>(data); }

Result<Answer> refused() { return fail(ErrorCode::unknown, std::strerror(errno)); }

Result<Answer> ask_i915(int device) {
  Answer answer(k_longest_answer);
  I915QueryItem item{k_i915_memory_regions, 0, 0, 0};
  I915Query query{1, 0, address_of(&item)};
  if (::ioctl(device, k_i915_query, &query) != 0) return refused();
  if (item.length <= 0 || static_cast<std::size_t>(item.length) > answer.size()) {
    return fail(ErrorCode::unknown, fmt::format("it announces {} bytes", item.length));
  }
  item.data = address_of(answer.data());
  if (::ioctl(device, k_i915_query, &query) != 0) return refused();
  if (item.length <= 0) return fail(ErrorCode::unknown, "it answers with an error");
  answer.resize(std::min(answer.size(), static_cast<std::size_t>(item.length)));
  return answer;
}

Result<Answer> ask_xe(int device) {
  Answer answer(k_longest_answer);
  XeQuery query{0, k_xe_memory_regions, 0, 0, {}};
  if (::ioctl(device, k_xe_query, &query) != 0) return refused();
  if (query.size == 0 || query.size > answer.size()) {
    return fail(ErrorCode::unknown, fmt::format("it announces {} bytes", query.size));
  }
  query.data = address_of(answer.data());
  const std::size_t announced = query.size;
  if (::ioctl(device, k_xe_query, &query) != 0) return refused();
  answer.resize(announced);
  return answer;
}

Result<Answer> ask_amdgpu(int device) {
  Answer answer(512);  // the kernel fills as much as it knows
  AmdgpuInfo info{
      address_of(answer.data()), static_cast<std::uint32_t>(answer.size()), k_amdgpu_device, {}};
  if (::ioctl(device, k_amdgpu_info, &info) != 0) return refused();
  return answer;
}

}  // namespace

Result<void> describe_by_render_node(const std::string& node, const std::string& driver,
                                     GpuProfile& gpu) {
  const int device = ::open(node.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) {
    return fail(ErrorCode::unknown, fmt::format("{}: {}", node, std::strerror(errno)));
  }
  Result<Answer> answer = driver == "i915"     ? ask_i915(device)
                          : driver == "xe"     ? ask_xe(device)
                          : driver == "amdgpu" ? ask_amdgpu(device)
                                               : fail(ErrorCode::unknown, "no such driver");
  ::close(device);
  if (!answer) {
    return fail(ErrorCode::unknown, fmt::format("{}: {}", node, answer.error().message));
  }
  if (driver == "i915") return read_i915_regions(*answer, gpu);
  if (driver == "xe") return read_xe_regions(*answer, gpu);
  return read_amdgpu_device(*answer, gpu);
}

}  // namespace assay
