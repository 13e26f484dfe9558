#pragma once

#include <cstdint>
#include <string>

#include "advisor/prediction.hpp"

namespace assay {

/// "12", "3.4": a rate as people say it.
std::string rate_words(double tokens_per_second);
/// "38.4 GB/s", "1008 GB/s".
std::string bandwidth_words(double bytes_per_second);
/// "0.4 s", "12 s".
std::string seconds_words(double seconds);
/// "about 12 tokens/s (10-14, predicted from this machine's measurements)".
std::string decode_words(const Estimate& decode);
/// "1.7 billion", "135 million".
std::string parameter_words(std::uint64_t parameters);

}  // namespace assay
