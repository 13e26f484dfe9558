#pragma once

#include "base/host_view.hpp"
#include "probes/gpu/pci_devices.hpp"
#include "probes/profile/gpu_profile.hpp"

namespace assay {

inline constexpr std::uint16_t k_nvidia_vendor = 0x10de;
inline constexpr std::uint16_t k_amd_vendor = 0x1002;
inline constexpr std::uint16_t k_intel_vendor = 0x8086;

/// What the driver of one PCI function shows in files, without any library: each fills the facts
/// that it can and leaves the others with a reason.
void describe_pcie_link(const HostView& host, const PciDevice& device, GpuProfile& gpu);
void describe_amd(const HostView& host, const PciDevice& device, GpuProfile& gpu);
void describe_intel(const HostView& host, const PciDevice& device, GpuProfile& gpu);
void describe_nvidia(const HostView& host, const PciDevice& device, GpuProfile& gpu);

/// Whether a model name is one of NVIDIA's integrated parts, which share the processor's memory.
bool is_integrated_nvidia(std::string_view model);

/// A byte count in a file of its own.
Fact<Bytes> read_byte_count(const HostView& host, const std::string& path);

}  // namespace assay
