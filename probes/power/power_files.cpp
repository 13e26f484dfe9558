#include "probes/power/power_files.hpp"

#include <cmath>
#include <cstdint>

#include "base/number.hpp"
#include "base/text.hpp"

namespace assay {

std::string read_word(const HostView& host, const std::string& path) {
  const auto text = host.read_text(path, 4096);
  return text ? printable(trim(*text), 60) : std::string();
}

std::optional<double> read_scaled(const HostView& host, const std::string& path, double scale,
                                  double limit) {
  const auto text = host.read_text(path, 64);
  if (!text) return std::nullopt;
  const auto number = parse_number<std::int64_t>(trim(*text));
  if (!number) return std::nullopt;
  const double value = static_cast<double>(*number) * scale;
  if (std::abs(value) > limit) return std::nullopt;
  return value;
}

}  // namespace assay
