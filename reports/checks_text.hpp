#pragma once

#include <string>

#include "advisor/accuracy.hpp"
#include "reports/assessment.hpp"
#include "reports/renderer.hpp"

namespace assay {

/// An assessment's predictions beside what was measured, as a table for people; empty without any.
std::string render_checks(const Assessment& assessment, const RenderOptions& options);

/// The running error of a machine for people.
std::string render_accuracy(const Accuracy& accuracy, const RenderOptions& options);

}  // namespace assay
