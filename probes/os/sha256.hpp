#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace assay {

/// SHA-256 of a text. Source: FIPS 180-4, section 6.2.
std::array<std::uint8_t, 32> sha256(std::string_view text);

}  // namespace assay
