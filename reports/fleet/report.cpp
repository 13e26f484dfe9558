#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "reports/fleet.hpp"
#include "reports/fleet/database.hpp"
#include "reports/timestamp.hpp"

namespace assay {
namespace {

/// One group of machines: a model, the verdict on it, and what fails.
constexpr std::string_view k_groups = R"sql(
SELECT model, verdict, failing, count(*), min(short), max(short) FROM (
  SELECT model, verdict, failing,
         CASE WHEN verdict = 'no' AND failing = 'memory' AND available_bytes IS NOT NULL
              THEN max(0, CAST(needed_bytes / ?1 - available_bytes AS INTEGER)) END AS short
  FROM readiness WHERE ?2 IS NULL OR model = ?2)
GROUP BY model, verdict, failing ORDER BY model, verdict, failing
)sql";

constexpr std::string_view k_machines = R"sql(
SELECT m.machine_id, m.brand, m.memory_bytes, m.started_at, m.best_model, m.best_format,
       r.verdict, r.failing, r.why
FROM machine AS m LEFT JOIN readiness AS r ON r.machine_id = m.machine_id AND r.model = ?1
ORDER BY m.machine_id
)sql";

FleetObstacle& obstacle_of(FleetModel& model, const std::string& limit) {
  for (FleetObstacle& obstacle : model.obstacles) {
    if (obstacle.limit == limit) return obstacle;
  }
  model.obstacles.push_back({.limit = limit, .least_short = {}, .most_short = {}});
  return model.obstacles.back();
}

void add_group(FleetModel& model, const Statement& group) {
  const std::string verdict = group.text(1);
  const auto count = static_cast<std::uint64_t>(group.number(3));
  if (verdict == "comfortable") model.comfortable += count;
  if (verdict == "ok") model.ok += count;
  if (verdict != "tight" && verdict != "no") return;
  FleetObstacle& obstacle = obstacle_of(model, group.text(2));
  if (verdict == "tight") {
    model.tight += count;
    obstacle.tight += count;
    return;
  }
  model.not_ready += count;
  obstacle.not_ready += count;
  if (!group.is_null(4)) {
    obstacle.least_short = Bytes(static_cast<std::uint64_t>(group.number(4)));
    obstacle.most_short = Bytes(static_cast<std::uint64_t>(group.number(5)));
  }
}

void finish(FleetModel& model, std::uint64_t machines) {
  model.unknown = machines - model.ready() - model.tight - model.not_ready;
  std::stable_sort(model.obstacles.begin(), model.obstacles.end(),
                   [](const FleetObstacle& a, const FleetObstacle& b) {
                     return a.not_ready + a.tight > b.not_ready + b.tight;
                   });
}

Result<void> read_totals(Database& database, FleetReport& report) {
  auto totals = database.prepare(
      "SELECT (SELECT count(*) FROM machine), (SELECT count(*) FROM result), "
      "(SELECT count(*) FROM skipped), (SELECT count(DISTINCT machine_id) FROM readiness WHERE "
      "verdict IN ('comfortable', 'ok')), (SELECT min(started_at) FROM machine), "
      "(SELECT max(started_at) FROM machine)");
  if (!totals) return pass_on(totals);
  if (const auto row = totals->step(); !row) return pass_on(row);
  report.machines = static_cast<std::uint64_t>(totals->number(0));
  report.results = static_cast<std::uint64_t>(totals->number(1));
  report.skipped = static_cast<std::uint64_t>(totals->number(2));
  report.ready_for_any = static_cast<std::uint64_t>(totals->number(3));
  if (report.machines > 0) {
    report.oldest = utc_text(totals->real(4));
    report.newest = utc_text(totals->real(5));
  }
  return {};
}

Error no_such_model(Database& database, const std::string& model) {
  std::vector<std::string> known;
  if (auto names = database.prepare("SELECT DISTINCT model FROM readiness ORDER BY model"); names) {
    for (auto row = names->step(); row && *row; row = names->step()) {
      known.push_back(names->text(0));
    }
  }
  std::vector<std::string> nearest;
  for (const std::string& name : nearest_names(model, known)) nearest.push_back(printable(name));
  return Error{ErrorCode::usage,
               fmt::format("no machine of the fleet has a verdict on '{}'", printable(model)),
               {},
               nearest.empty() ? "see `assay fleet report` for the models that it has"
                               : fmt::format("did you mean {}?", fmt::join(nearest, " or "))};
}

Result<void> check_model(Database& database, const std::string& model) {
  auto known = database.prepare("SELECT 1 FROM readiness WHERE model = ?1 LIMIT 1");
  if (!known) return pass_on(known);
  const auto row = known->bind(1, model).step();
  if (!row) return pass_on(row);
  if (!*row) return tl::unexpected<Error>(no_such_model(database, model));
  return {};
}

std::string readiness_of(const std::string& verdict) {
  if (verdict == "comfortable" || verdict == "ok") return "ready";
  if (verdict == "tight") return "tight";
  return verdict == "no" ? "not ready" : "unknown";
}

FleetMachine machine_of(const Statement& row) {
  const auto text = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
  };
  FleetMachine machine{.id = row.text(0),
                       .brand = text(1),
                       .memory = {},
                       .started_at = utc_text(row.real(3)),
                       .best_model = text(4),
                       .best_format = text(5),
                       .readiness = readiness_of(row.text(6)),
                       .limit = row.text(7),
                       .why = row.text(8)};
  if (machine.readiness == "ready" || machine.limit == "none") machine.limit.clear();
  if (!row.is_null(2)) machine.memory = Bytes(static_cast<std::uint64_t>(row.number(2)));
  return machine;
}

}  // namespace

Result<FleetReport> fleet_report(const FleetStore& store, double memory_share,
                                 const std::optional<std::string>& model) {
  Database& database = store.database();
  if (model) {
    if (auto known = check_model(database, *model); !known) return pass_on(known);
  }
  FleetReport report;
  if (auto totals = read_totals(database, report); !totals) return pass_on(totals);
  auto groups = database.prepare(k_groups);
  if (!groups) return pass_on(groups);
  groups->bind(1, memory_share).bind_optional(2, model);
  while (true) {
    const auto row = groups->step();
    if (!row) return pass_on(row);
    if (!*row) break;
    const std::string name = groups->text(0);
    if (report.models.empty() || report.models.back().model != name) {
      report.models.push_back({.model = name, .obstacles = {}});
    }
    add_group(report.models.back(), *groups);
  }
  for (FleetModel& one : report.models) finish(one, report.machines);
  std::stable_sort(report.models.begin(), report.models.end(),
                   [](const FleetModel& a, const FleetModel& b) {
                     return std::pair(a.ready(), a.tight) > std::pair(b.ready(), b.tight);
                   });
  return report;
}

Result<void> for_each_machine(const FleetStore& store, const std::optional<std::string>& model,
                              const std::function<void(const FleetMachine&)>& take) {
  Database& database = store.database();
  if (model) {
    if (auto known = check_model(database, *model); !known) return known;
  }
  auto machines = database.prepare(k_machines);
  if (!machines) return pass_on(machines);
  machines->bind_optional(1, model);
  while (true) {
    const auto row = machines->step();
    if (!row) return pass_on(row);
    if (!*row) return {};
    take(machine_of(*machines));
  }
}

}  // namespace assay
