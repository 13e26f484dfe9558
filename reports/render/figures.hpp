#pragma once

#include <string>

#include "advisor/verdict.hpp"
#include "base/units.hpp"
#include "reports/render/sections.hpp"
#include "workloads/statistic.hpp"

namespace assay {

/// Three significant digits, two of a tiny value: "0.31", "14.2", "1240".
std::string figure(double value);
/// A median with the half-width of its interval, "14.2 ±0.3"; without one when n < 6.
std::string figure(const Statistic& statistic);
/// An estimate with its interval and its mark, "14.2 (12-17) p"; "unknown" without one.
std::string figure(const Estimate& estimate);
/// Binary units, as caches are sold: "32 KiB".
std::string binary_bytes(Bytes bytes);
/// The mark of an origin: "m", "p", "?".
std::string_view origin_mark(Origin origin);
Tone verdict_tone(VerdictKind verdict);

}  // namespace assay
