// What libFuzzer calls. ASSAY_FUZZ_TARGET names the function of targets.hpp.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  assay::ASSAY_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
