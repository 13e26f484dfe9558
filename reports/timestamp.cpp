#include "reports/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdint>

namespace assay {
namespace {

/// Takes `digits` digits and then `after` from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits, char after) {
  int value = 0;
  if (text.size() <= digits) return std::nullopt;
  for (const char digit : text.substr(0, digits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  if (after != '\0' && text[digits] != after) return std::nullopt;
  text.remove_prefix(digits + (after == '\0' ? 0 : 1));
  return value;
}

}  // namespace

std::optional<double> seconds_since_epoch(std::string_view utc) {
  const auto year = take_number(utc, 4, '-');
  const auto month = year ? take_number(utc, 2, '-') : std::nullopt;
  const auto day = month ? take_number(utc, 2, 'T') : std::nullopt;
  const auto hour = day ? take_number(utc, 2, ':') : std::nullopt;
  const auto minute = hour ? take_number(utc, 2, ':') : std::nullopt;
  const auto second = minute ? take_number(utc, 2, '\0') : std::nullopt;
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  double fraction = 0.0;
  if (utc.starts_with('.')) {
    double unit = 0.1;
    utc.remove_prefix(1);
    for (; !utc.empty() && utc.front() >= '0' && utc.front() <= '9'; utc.remove_prefix(1)) {
      fraction += unit * (utc.front() - '0');
      unit /= 10.0;
    }
  }
  if (utc != "Z") return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86400.0 + *hour * 3600.0 + *minute * 60.0 + *second + fraction;
}

std::string utc_text(double seconds_since_epoch) {
  const std::chrono::sys_seconds time{
      std::chrono::seconds(static_cast<std::int64_t>(std::floor(seconds_since_epoch)))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace assay
