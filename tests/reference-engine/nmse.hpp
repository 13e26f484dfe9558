#pragma once

#include <vector>

namespace assay {

/// sum((found - expected)^2) / sum(expected^2); 1 where the sizes differ.
double nmse(const std::vector<float>& found, const std::vector<float>& expected);

}  // namespace assay
