#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "reports/fleet.hpp"
#include "reports/fleet/csv.hpp"

namespace assay {
namespace {

std::string words(std::string limit) {
  std::replace(limit.begin(), limit.end(), '_', ' ');
  return printable(limit, 40);
}

std::string percent(std::uint64_t part, std::uint64_t all) {
  if (all == 0) return "-";
  return fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

/// "memory: 60 not ready (0.2 to 1.9 GB short), 3 tight"
std::string describe_obstacle(const FleetObstacle& obstacle) {
  std::vector<std::string> parts;
  if (obstacle.not_ready > 0) {
    std::string part = fmt::format("{} not ready", obstacle.not_ready);
    if (obstacle.least_short && obstacle.most_short) {
      const std::string least = human_bytes(*obstacle.least_short);
      const std::string most = human_bytes(*obstacle.most_short);
      part += least == most ? fmt::format(" ({} short)", least)
                            : fmt::format(" ({} to {} short)", least, most);
    }
    parts.push_back(std::move(part));
  }
  if (obstacle.tight > 0) parts.push_back(fmt::format("{} tight", obstacle.tight));
  return fmt::format("{}: {}", words(obstacle.limit), fmt::join(parts, ", "));
}

std::string describe_obstacles(const FleetModel& model) {
  std::vector<std::string> parts;
  for (const FleetObstacle& obstacle : model.obstacles) {
    parts.push_back(describe_obstacle(obstacle));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

Json optional_bytes(const std::optional<Bytes>& bytes) {
  return bytes ? Json(bytes->value) : Json(nullptr);
}

Json obstacle_json(const FleetObstacle& obstacle) {
  Json json;
  json["limit"] = obstacle.limit;
  json["not_ready"] = obstacle.not_ready;
  json["tight"] = obstacle.tight;
  json["least_short_bytes"] = optional_bytes(obstacle.least_short);
  json["most_short_bytes"] = optional_bytes(obstacle.most_short);
  return json;
}

std::string optional_number(const std::optional<Bytes>& bytes) {
  return bytes ? fmt::format("{}", bytes->value) : std::string();
}

/// One line of the list of machines; it is written as machines come, so columns have fixed widths.
std::string machine_line(std::string_view id, std::string_view brand, std::string_view memory,
                         std::string_view date, std::string_view standing,
                         std::string_view remark) {
  std::string line = fmt::format("{:<16}  {:<49}  {:>7}  {:<11}  {:<10}  {}", id, brand, memory,
                                 date, standing, remark);
  line.erase(line.find_last_not_of(' ') + 1);
  line.push_back('\n');
  return line;
}

}  // namespace

std::string fleet_report_text(const FleetReport& report) {
  std::string text =
      fmt::format("{} machine{}, {} ({}) ready for one model at least", report.machines,
                  report.machines == 1 ? "" : "s", report.ready_for_any,
                  percent(report.ready_for_any, report.machines));
  if (report.machines > 0) {
    text += fmt::format("; results of {} to {}", report.oldest.substr(0, 10),
                        report.newest.substr(0, 10));
  }
  text += "\n";
  if (report.skipped > 0) {
    text += fmt::format("{} document{} could not be read and {} not counted\n", report.skipped,
                        report.skipped == 1 ? "" : "s", report.skipped == 1 ? "is" : "are");
  }
  if (report.models.empty()) return text.append("no verdicts yet\n");
  std::size_t width = 5;
  for (const FleetModel& model : report.models) {
    width = std::max(width, printable(model.model, 60).size());
  }
  text += fmt::format("\n{:<{}}  {:>7} {:>6}  {:>7}  {:>9}  {:>7}  {}\n", "model", width, "ready",
                      "", "tight", "not ready", "unknown", "first failing requirement");
  for (const FleetModel& model : report.models) {
    std::string line =
        fmt::format("{:<{}}  {:>7} {:>6}  {:>7}  {:>9}  {:>7}  {}", printable(model.model, 60),
                    width, model.ready(), percent(model.ready(), report.machines), model.tight,
                    model.not_ready, model.unknown, describe_obstacles(model));
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

Json fleet_report_json(const FleetReport& report) {
  Json json;
  json["schema"] = "assay.fleet/1";
  json["machines"] = report.machines;
  json["ready_for_any_model"] = report.ready_for_any;
  json["results"] = report.results;
  json["skipped"] = report.skipped;
  json["oldest"] = report.oldest.empty() ? Json(nullptr) : Json(report.oldest);
  json["newest"] = report.newest.empty() ? Json(nullptr) : Json(report.newest);
  json["models"] = Json::array();
  for (const FleetModel& model : report.models) {
    Json one;
    one["model"] = model.model;
    one["ready"] = model.ready();
    one["comfortable"] = model.comfortable;
    one["ok"] = model.ok;
    one["tight"] = model.tight;
    one["not_ready"] = model.not_ready;
    one["unknown"] = model.unknown;
    one["ready_ratio"] = static_cast<double>(model.ready()) / static_cast<double>(report.machines);
    one["first_failing_requirements"] = Json::array();
    for (const FleetObstacle& obstacle : model.obstacles) {
      one["first_failing_requirements"].push_back(obstacle_json(obstacle));
    }
    json["models"].push_back(std::move(one));
  }
  return json;
}

std::string fleet_report_csv(const FleetReport& report) {
  const std::vector<std::string> header{"model",
                                        "machines",
                                        "ready",
                                        "comfortable",
                                        "ok",
                                        "tight",
                                        "not_ready",
                                        "unknown",
                                        "first_failing_requirement",
                                        "machines_failing_it",
                                        "least_short_bytes",
                                        "most_short_bytes"};
  std::string csv = csv_row(header);
  for (const FleetModel& model : report.models) {
    const FleetObstacle none;
    const FleetObstacle& first = model.obstacles.empty() ? none : model.obstacles.front();
    const auto number = [](std::uint64_t value) { return fmt::format("{}", value); };
    csv += csv_row(std::vector<std::string>{
        model.model, number(report.machines), number(model.ready()), number(model.comfortable),
        number(model.ok), number(model.tight), number(model.not_ready), number(model.unknown),
        first.limit, number(first.tight + first.not_ready), optional_number(first.least_short),
        optional_number(first.most_short)});
  }
  return csv;
}

std::string fleet_machine_text_header(bool with_model) {
  return machine_line("machine", "processor", "memory", "last result",
                      with_model ? "readiness" : "best model",
                      with_model ? "first failing requirement" : "");
}

std::string fleet_machine_text(const FleetMachine& machine, bool with_model) {
  const std::string memory = machine.memory ? human_bytes(*machine.memory) : "unknown";
  const std::string brand = printable(machine.brand.value_or("unknown"), 49);
  std::string standing;
  std::string remark;
  if (with_model) {
    standing = machine.readiness;
    if (!machine.limit.empty())
      remark = fmt::format("{}: {}", words(machine.limit), printable(machine.why, 200));
  } else {
    standing = machine.best_model ? fmt::format("{} {}", printable(*machine.best_model, 60),
                                                printable(machine.best_format.value_or(""), 30))
                                  : "none";
  }
  return machine_line(printable(machine.id, 64), brand, memory, machine.started_at.substr(0, 10),
                      standing, remark);
}

std::string fleet_machine_csv_header(bool with_model) {
  std::vector<std::string> header{"machine",     "processor",  "memory_bytes",
                                  "last_result", "best_model", "best_format"};
  if (with_model) header.insert(header.end(), {"readiness", "first_failing_requirement", "why"});
  return csv_row(header);
}

std::string fleet_machine_csv(const FleetMachine& machine, bool with_model) {
  std::vector<std::string> cells{
      machine.id,         machine.brand.value_or(""),      optional_number(machine.memory),
      machine.started_at, machine.best_model.value_or(""), machine.best_format.value_or("")};
  if (with_model) {
    cells.insert(cells.end(), {machine.readiness, machine.limit, machine.why});
  }
  return csv_row(cells);
}

Json fleet_machine_json(const FleetMachine& machine, bool with_model) {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  Json json;
  json["machine"] = machine.id;
  json["processor"] = text(machine.brand);
  json["memory_bytes"] = optional_bytes(machine.memory);
  json["last_result"] = machine.started_at;
  json["best_model"] = text(machine.best_model);
  json["best_format"] = text(machine.best_format);
  if (with_model) {
    json["readiness"] = machine.readiness;
    json["first_failing_requirement"] = machine.limit.empty() ? Json(nullptr) : Json(machine.limit);
    json["why"] = machine.why.empty() ? Json(nullptr) : Json(machine.why);
  }
  return json;
}

std::string simulated_fleet_text(const SimulatedFleet& fleet) {
  std::string text = fmt::format("{} documents that can be read, {} that cannot\n", fleet.machines,
                                 fleet.broken.size());
  for (const std::string& one : fleet.broken) text += fmt::format("  {}\n", one);
  return text;
}

Json simulated_fleet_json(const SimulatedFleet& fleet) {
  Json json;
  json["schema"] = "assay.simulated-fleet/1";
  json["machines"] = fleet.machines;
  json["broken"] = fleet.broken;
  json["models"] = Json::array();
  for (const auto& [name, model] : fleet.models) {
    json["models"].push_back({{"model", name},
                              {"comfortable", model.comfortable},
                              {"ok", model.ok},
                              {"tight", model.tight},
                              {"not_ready", model.not_ready},
                              {"unknown", model.unknown}});
  }
  return json;
}

}  // namespace assay
