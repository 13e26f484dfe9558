#pragma once

#include <string>

#include "advisor/verdict.hpp"

namespace assay {

/// The verdict in one sentence, which opens with yes, no, or that it cannot be told.
std::string why_words(const Question& question, const Verdict& verdict, const Policy& policy);

}  // namespace assay
