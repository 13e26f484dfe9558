#include "tests/reference-engine/nmse.hpp"

#include <cstddef>

namespace assay {

double nmse(const std::vector<float>& found, const std::vector<float>& expected) {
  if (found.size() != expected.size()) return 1.0;
  double error = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = static_cast<double>(found[i]) - static_cast<double>(expected[i]);
    error += difference * difference;
    size += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
  }
  return error / size;
}

}  // namespace assay
