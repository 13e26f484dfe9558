// What the nibbles of IQ4_NL and IQ4_XS stand for.
#pragma once

#include <cstdint>

namespace assay {
namespace {

alignas(16) constexpr std::int8_t k_nonlinear[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                     1,    13,   25,  38,  53,  69,  89,  113};

inline Codes nonlinear_codes(Codes nibbles) { return look_up(k_nonlinear, nibbles); }

}  // namespace
}  // namespace assay
