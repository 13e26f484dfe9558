#include "advisor/load_time.hpp"

#include <fmt/format.h>

#include <utility>

namespace assay {

Fact<double> predict_cold_load_seconds(Bytes file, const StorageSpeed& speed) {
  for (const auto& [rate, how] :
       {std::pair(&speed.mapped_cold_bytes_per_second, "cold reads through the page cache"),
        std::pair(&speed.direct_queue1_bytes_per_second, "direct reads, one at a time")}) {
    if (!rate->is_known() || rate->value().median <= 0) continue;
    return Fact<double>::known(static_cast<double>(file.value) / rate->value().median,
                               fmt::format("predicted: size over the measured rate of {}", how));
  }
  return Fact<double>::unknown(speed.mapped_cold_bytes_per_second.reason());
}

}  // namespace assay
