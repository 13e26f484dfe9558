#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <type_traits>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "probes/gpu/driver_files.hpp"
#include "probes/gpu/library_calls.hpp"
#include "probes/gpu/vendor_libraries.hpp"
#include "probes/os/child_process.hpp"
#include "probes/profile_json/sections.hpp"

namespace assay {
namespace {

// A library that has not answered by then does not answer. With the time to end it: below 5 s.
constexpr std::chrono::milliseconds k_time_limit{4000};

struct Library {
  VendorLibrary which;
  const char* name;
  const char* file;
  const char* missing;
  DescribeDevices describe;
};

constexpr std::array<Library, 4> k_libraries{{
    {VendorLibrary::nvml, "NVML", "libnvidia-ml.so.1", "NVML not installed (libnvidia-ml.so.1)",
     describe_by_nvml},
    {VendorLibrary::level_zero, "Level Zero", "libze_loader.so.1",
     "Level Zero loader not installed (libze_loader.so.1)", describe_by_level_zero},
    {VendorLibrary::vulkan, "Vulkan", "libvulkan.so.1",
     "Vulkan loader not installed (libvulkan.so.1)", describe_by_vulkan},
    {VendorLibrary::opencl, "OpenCL", "libOpenCL.so.1",
     "OpenCL loader not installed (libOpenCL.so.1)", describe_by_opencl},
}};

/// In the child: no display server, no home folder, no cache, no layer between us and the drivers.
/// "/dev/null" stands for folders: nothing can be read or made below it, by nobody.
void leave_the_users_things() {
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
                           "VK_INSTANCE_LAYERS", "VK_LOADER_LAYERS_ENABLE", "VK_LAYER_PATH",
                           "VK_ADD_LAYER_PATH", "ZE_ENABLE_TRACING_LAYER", "OCL_ICD_DEBUG"}) {
    ::unsetenv(name);
  }
  for (const char* name : {"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
                           "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "POCL_CACHE_DIR"}) {
    ::setenv(name, "/dev/null", 1);
  }
  ::setenv("MESA_SHADER_CACHE_DISABLE", "1", 1);
  ::setenv("MESA_GLSL_CACHE_DISABLE", "1", 1);
  ::setenv("NODEVICE_SELECT", "1", 1);  // Mesa's layer that asks the display server
  ::setenv("VK_LOADER_LAYERS_DISABLE", "~implicit~", 1);
  ::setenv("POCL_KERNEL_CACHE", "0", 1);
  ::setenv("__GL_SHADER_DISK_CACHE", "0", 1);
  ::setenv("CUDA_CACHE_DISABLE", "1", 1);
}

std::string answer_text(const std::vector<GpuProfile>& gpus) {
  DocumentNotes notes;
  Json answer = Json::object();
  answer["gpus"] = Json::array();
  for (const GpuProfile& gpu : gpus) {
    answer["gpus"].push_back(
        gpu_to_json(gpu, fmt::format("/gpus/{}", answer["gpus"].size()), notes));
  }
  answer["sources"] = notes.sources;
  answer["reasons"] = notes.reasons;
  return answer.dump();
}

std::string refusal_text(const char* key, const std::string& words) {
  return Json({{key, printable(words, 300)}}).dump();
}

std::string load_and_describe(const Library& library, const std::string& path) {
  leave_the_users_things();
  void* loaded = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) {
    const char* words = ::dlerror();
    const std::string problem = words == nullptr ? "not loaded" : words;
    const bool absent = problem.starts_with(path + ": cannot open shared object file: No such");
    return refusal_text(absent ? "missing" : "failed", absent ? library.missing : problem);
  }
  const auto gpus = library.describe(loaded);
  return gpus ? answer_text(*gpus) : refusal_text("failed", gpus.error().message);
}

/// Asks the drivers of all cards in turn; what one refuses is the reason of its facts.
std::string ask_render_nodes(const std::vector<GpuProfile>& given, const HostView& host) {
  std::vector<GpuProfile> gpus;
  for (const GpuProfile& card : given) {
    GpuProfile gpu;
    gpu.pci_address = card.pci_address;
    gpu.vendor_id = card.vendor_id;
    gpu.device_id = card.device_id;
    const std::string folder = fmt::format("/sys/bus/pci/devices/{}/drm", card.pci_address);
    for (const std::string& node : host.list(folder)) {
      if (!node.starts_with("renderD")) continue;
      const std::string path = host.locate("/dev/dri/" + node).string();
      if (auto done = describe_by_render_node(path, card.driver.value_or(""), gpu); !done) {
        gpu.memory = Fact<Bytes>::unknown("driver error: " + done.error().message);
      }
      break;
    }
    gpus.push_back(std::move(gpu));
  }
  return answer_text(gpus);
}

/// The folders where a loader may be on a machine without any GPU: looking is cheaper than a child.
bool is_in_usual_place(const char* file) {
  for (const char* folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                             "/usr/lib64", "/usr/lib", "/lib64", "/lib", "/usr/local/lib"}) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::path(folder) / file, error)) return true;
  }
  return false;
}

bool bus_has(const std::vector<PciDevice>& bus, std::uint16_t vendor) {
  return std::any_of(bus.begin(), bus.end(), [vendor](const PciDevice& device) {
    const std::uint32_t base_class = device.device_class >> 16U;
    // 3: display; 0x12: processing accelerator. 0: the recording lacks ids.
    return (base_class == 0x03 || base_class == 0x12) &&
           (vendor == 0 || device.vendor_id == vendor || device.vendor_id == 0);
  });
}

/// What to load a library as; an answer already when there is nothing to load.
std::optional<std::string> path_of(const HostView& host, const Library& library,
                                   const std::optional<std::vector<PciDevice>>& bus,
                                   LibraryAnswer& answer) {
  answer.library = library.which;
  answer.name = library.name;
  if (!host.libraries()) {
    answer.words = fmt::format("a recording holds no libraries ({})", library.name);
    return std::nullopt;
  }
  const std::uint16_t vendor = library.which == VendorLibrary::nvml         ? k_nvidia_vendor
                               : library.which == VendorLibrary::level_zero ? k_intel_vendor
                                                                            : std::uint16_t{0};
  const bool has_device = !bus || bus_has(*bus, vendor);
  // The other two may list software devices, where no GPU is.
  if (!has_device && vendor != 0) {
    answer.words = fmt::format("no device of {} on the bus", library.name);
    return std::nullopt;
  }
  if (const auto& folder = host.libraries()->folder) {
    const std::filesystem::path path = *folder / library.file;
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path.string();
  } else if (has_device || is_in_usual_place(library.file)) {
    return library.file;
  }
  answer.state = LibraryAnswer::State::missing;
  answer.words = library.missing;
  return std::nullopt;
}

template <typename T>
void drop_if(bool nonsense, Fact<T>& fact, const std::string& library, const char* key) {
  if (!nonsense) return;
  fact = Fact<T>::unknown(fmt::format("driver error: {} tells nonsense of {}", library, key));
}

/// A library's values are as untrusted as a file's.
void drop_nonsense(GpuProfile& gpu, const std::string& library) {
  for_each_gpu_fact(gpu, gpu, [&library](const char* key, auto& fact, const auto&) {
    if (!fact.is_known()) return;
    using Value = std::decay_t<decltype(fact.value())>;
    if constexpr (std::is_same_v<Value, Bytes>) {
      drop_if(fact.value().value > (std::uint64_t{1} << 44U), fact, library, key);
    } else if constexpr (std::is_same_v<Value, double>) {
      drop_if(!std::isfinite(fact.value()) || fact.value() < 0 || fact.value() > 1e15, fact,
              library, key);
    } else if constexpr (std::is_same_v<Value, std::uint32_t>) {
      drop_if(fact.value() > 1'000'000, fact, library, key);
    } else if constexpr (std::is_same_v<Value, std::string>) {
      const std::string safe = printable(trim(fact.value()), 200);
      if (safe.empty()) {
        drop_if(true, fact, library, key);
      } else {
        fact = Fact<std::string>::known(safe, fact.source());
      }
    }
  });
  gpu.vendor = printable(gpu.vendor, 60);
  gpu.pci_address = printable(gpu.pci_address, 40);
}

Result<std::vector<GpuProfile>> devices_of(const Json& json, const std::string& name) {
  const JsonFields fields(json, name);
  DocumentNotes notes;
  const auto copy = [&json](const char* key, std::map<std::string, std::string>& map) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_object()) return;
    for (const auto& [pointer, words] : found->items()) {
      if (words.is_string()) map[pointer] = printable(words.get<std::string>(), 200);
    }
  };
  copy("sources", notes.sources);
  copy("reasons", notes.reasons);
  const auto objects = fields.objects("gpus");
  if (!objects) return pass_on(objects);
  if (objects->size() > k_most_devices) return fields.refuse("gpus", "more than plausible");
  std::vector<GpuProfile> gpus;
  for (const JsonFields& object : *objects) {
    GpuProfile gpu;
    if (auto done = read_gpu(object, fmt::format("/gpus/{}", gpus.size()), notes, gpu); !done) {
      return pass_on(done);
    }
    drop_nonsense(gpu, name);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

void read_answer(const Result<std::string>& text, LibraryAnswer& answer) {
  const auto failed = [&answer](const std::string& words) {
    answer.state = LibraryAnswer::State::failed;
    answer.words = fmt::format("driver error: {}: {}", answer.name, printable(words, 300));
  };
  if (!text) return failed(text.error().message);
  const auto json = parse_json(*text, answer.name);
  if (!json || !json->is_object()) return failed("answered nonsense");
  const JsonFields fields(*json, answer.name);
  if (fields.has("missing")) {
    answer.state = LibraryAnswer::State::missing;
    answer.words = fields.text("missing").value_or("not installed");
    return;
  }
  if (fields.has("failed")) return failed(fields.text("failed").value_or("failed"));
  auto devices = devices_of(*json, answer.name);
  if (!devices) return failed("answered nonsense");
  answer.state = LibraryAnswer::State::answered;
  answer.devices = std::move(*devices);
}

}  // namespace

std::vector<LibraryAnswer> ask_vendor_libraries(const HostView& host,
                                                const std::optional<std::vector<PciDevice>>& bus,
                                                const std::vector<GpuProfile>& render_nodes) {
  std::vector<LibraryAnswer> answers;
  std::vector<ChildWork> works;
  std::vector<std::size_t> asked;  // the answer that each work is for
  if (host.is_live() && !render_nodes.empty()) {
    LibraryAnswer drivers;
    drivers.library = VendorLibrary::drm;
    drivers.name = "DRM";
    asked.push_back(answers.size());
    answers.push_back(std::move(drivers));
    works.emplace_back([&] { return ask_render_nodes(render_nodes, host); });
  }
  for (const Library& library : k_libraries) {
    LibraryAnswer answer;
    const auto path = path_of(host, library, bus, answer);
    if (path) {
      asked.push_back(answers.size());
      works.emplace_back([&library, path] { return load_and_describe(library, *path); });
    }
    answers.push_back(std::move(answer));
  }
  if (works.empty()) return answers;
  const auto texts = run_in_children(works, k_time_limit);
  for (std::size_t index = 0; index < texts.size(); ++index) {
    read_answer(texts[index], answers[asked[index]]);
  }
  return answers;
}

}  // namespace assay
