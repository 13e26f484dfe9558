#pragma once

#include <cstddef>
#include <span>

#include "base/result.hpp"
#include "probes/profile/gpu_profile.hpp"

namespace assay {

/// The answers of kernel drivers to questions on a render node, as bytes; each fills the facts that
/// the answer holds. Errors: unknown, when the bytes are not such an answer.
/// i915: struct drm_i915_query_memory_regions; xe: struct drm_xe_query_mem_regions; amdgpu: struct
/// drm_amdgpu_info_device.
Result<void> read_i915_regions(std::span<const std::byte> answer, GpuProfile& gpu);
Result<void> read_xe_regions(std::span<const std::byte> answer, GpuProfile& gpu);
Result<void> read_amdgpu_device(std::span<const std::byte> answer, GpuProfile& gpu);

}  // namespace assay
