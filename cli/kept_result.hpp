#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "reports/assessment.hpp"

namespace assay {

/// Keeps the result of a measurement (store_result) and delivers its text. What cannot be kept is
/// shown all the same. Errors: interrupted, for a partial result that was kept; those of keeping,
/// after the text; those of delivering.
Result<void> keep_and_show(const Invocation& invocation, const Assessment& assessment,
                           const std::function<std::string()>& text);

}  // namespace assay
