#pragma once

#include <string>

#include "base/fact.hpp"
#include "base/units.hpp"

namespace assay {

struct StorageProfile {
  Fact<std::string> filesystem;
  Fact<Bytes> free;
};

}  // namespace assay
