#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "advisor/verdict.hpp"
#include "base/text.hpp"
#include "reports/fleet.hpp"
#include "reports/fleet/database.hpp"
#include "reports/timestamp.hpp"

namespace assay {
namespace {

constexpr std::int64_t k_application = 0x41535946;  // "ASYF": marks the file as a fleet store
constexpr std::int64_t k_version = 1;

constexpr const char* k_schema = R"sql(
CREATE TABLE result (
  run_id TEXT PRIMARY KEY,
  machine_id TEXT NOT NULL,
  started_at REAL NOT NULL  -- seconds since 1970, UTC
) STRICT, WITHOUT ROWID;
CREATE TABLE machine (
  machine_id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  started_at REAL NOT NULL,
  has_verdicts INTEGER NOT NULL,
  brand TEXT,
  memory_bytes INTEGER,
  best_model TEXT,
  best_format TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE readiness (  -- of the machine's result that counts: the best format of each model
  model TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  format TEXT NOT NULL,
  verdict TEXT NOT NULL,
  failing TEXT NOT NULL,
  needed_bytes INTEGER NOT NULL,
  available_bytes INTEGER,
  why TEXT NOT NULL,
  PRIMARY KEY (model, machine_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX readiness_of_machine ON readiness (machine_id);
CREATE TABLE skipped (
  source TEXT PRIMARY KEY,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

Result<void> make_schema(Database& database) {
  return database.execute(
      fmt::format("BEGIN IMMEDIATE; {} PRAGMA application_id = {}; "
                  "PRAGMA user_version = {}; COMMIT;",
                  k_schema, k_application, k_version));
}

/// Makes the tables of an empty file; refuses a file of another program or a newer version.
Result<void> check_schema(Database& database, const std::string& name) {
  const auto tables = database.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return pass_on(tables);
  if (*tables == 0) return make_schema(database);
  const auto application = database.number("PRAGMA application_id");
  if (!application) return pass_on(application);
  const auto version = database.number("PRAGMA user_version");
  if (!version) return pass_on(version);
  if (*application != k_application) {
    return fail(ErrorCode::refused_input, "is a database of another program", name,
                "name another file with --store");
  }
  if (*version != k_version) {
    return fail(ErrorCode::refused_input,
                fmt::format("fleet store of version {} (this program knows version {})", *version,
                            k_version),
                name);
  }
  return {};
}

/// Better first; unknown is worse than any answer, as in the metrics.
int rank_of(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::comfortable:
      return 0;
    case VerdictKind::ok:
      return 1;
    case VerdictKind::tight:
      return 2;
    case VerdictKind::no:
      return 3;
    case VerdictKind::unknown:
      return 4;
  }
  return 4;
}

std::int64_t signed_bytes(Bytes bytes) {
  constexpr std::uint64_t k_most = std::uint64_t{1} << 62;
  return static_cast<std::int64_t>(std::min(bytes.value, k_most));
}

Bytes needed_of(const Verdict& verdict) {
  const Footprint& footprint = verdict.prediction.footprint;
  return footprint.weights + footprint.kv_cache + footprint.compute + footprint.runtime;
}

/// Of equally good verdicts the first stands, but of two refusals the one that asks for less.
bool is_better(const Verdict& candidate, const Verdict& than) {
  const int rank = rank_of(candidate.verdict);
  if (rank != rank_of(than.verdict)) return rank < rank_of(than.verdict);
  return candidate.verdict == VerdictKind::no && needed_of(candidate) < needed_of(than);
}

std::map<std::string, const Verdict*> best_verdicts(const Assessment& result) {
  std::map<std::string, const Verdict*> best;
  for (const Verdict& verdict : result.verdicts) {
    const Verdict*& place = best[verdict.model];
    if (place == nullptr || is_better(verdict, *place)) place = &verdict;
  }
  return best;
}

/// The recommended model, else the one with the most weights of those that the machine is ready
/// for.
const Verdict* best_model(const Assessment& result) {
  if (result.recommendation && !result.recommendation->ranking.empty()) {
    return &result.recommendation->ranking.front().verdict;
  }
  const Verdict* best = nullptr;
  for (const Verdict& verdict : result.verdicts) {
    if (rank_of(verdict.verdict) > rank_of(VerdictKind::ok)) continue;
    if (best == nullptr ||
        verdict.prediction.footprint.weights > best->prediction.footprint.weights) {
      best = &verdict;
    }
  }
  return best;
}

/// Only these say what the machine as it is is ready for: a single answer may be about other
/// memory, and an interrupted assessment lacks models.
bool is_assessment(const Assessment& result) {
  return result.command == "assess" && !result.partial && !result.verdicts.empty();
}

Result<void> put_machine(Database& database, const Assessment& result, double started_at) {
  auto insert =
      database.prepare("INSERT OR REPLACE INTO machine VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!insert) return pass_on(insert);
  const MachineProfile& machine = *result.machine;
  const Verdict* best = is_assessment(result) ? best_model(result) : nullptr;
  insert->bind(1, machine.id).bind(2, result.run_id).bind(3, started_at);
  insert->bind(4, std::int64_t{is_assessment(result) ? 1 : 0});
  insert->bind_optional(5, machine.cpu.brand.optional());
  if (machine.memory.total.is_known()) {
    insert->bind(6, signed_bytes(machine.memory.total.value()));
  }
  if (best != nullptr) insert->bind(7, best->model).bind(8, best->format);
  return insert->run();
}

Result<void> put_readiness(Database& database, const Assessment& result) {
  auto clear = database.prepare("DELETE FROM readiness WHERE machine_id = ?1");
  if (!clear) return pass_on(clear);
  if (auto cleared = clear->bind(1, result.machine->id).run(); !cleared) return cleared;
  auto insert = database.prepare("INSERT INTO readiness VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  if (!insert) return pass_on(insert);
  if (!is_assessment(result)) return {};
  for (const auto& [model, verdict] : best_verdicts(result)) {
    insert->bind(1, model).bind(2, result.machine->id).bind(3, verdict->format);
    insert->bind(4, verdict_name(verdict->verdict)).bind(5, limit_name(verdict->limit));
    insert->bind(6, signed_bytes(needed_of(*verdict)));
    if (verdict->prediction.available.is_known()) {
      insert->bind(7, signed_bytes(verdict->prediction.available.value()));
    }
    insert->bind(8, verdict->why);
    if (auto inserted = insert->run(); !inserted) return inserted;
  }
  return {};
}

/// Whether the store holds a result of this machine that counts before this one. Assessments come
/// first, then newer ones; the run id decides between equals, so that no order of
/// import matters.
Result<bool> is_behind(Database& database, const Assessment& result, double started_at) {
  auto newer = database.prepare(
      "SELECT count(*) FROM machine WHERE machine_id = ?1 AND "
      "(has_verdicts, started_at, run_id) > (?2, ?3, ?4)");
  if (!newer) return pass_on(newer);
  newer->bind(1, result.machine->id).bind(2, std::int64_t{is_assessment(result) ? 1 : 0});
  newer->bind(3, started_at).bind(4, result.run_id);
  if (const auto row = newer->step(); !row) return pass_on(row);
  return newer->number(0) > 0;
}

}  // namespace

FleetStore::FleetStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
FleetStore::FleetStore(FleetStore&& other) noexcept = default;
FleetStore& FleetStore::operator=(FleetStore&& other) noexcept = default;
FleetStore::~FleetStore() = default;

Result<FleetStore> FleetStore::prepare(const std::string& name, bool may_create) {
  auto database = Database::open(name, may_create);
  if (!database) return pass_on(database);
  if (auto checked = check_schema(**database, name); !checked) return pass_on(checked);
  return FleetStore(std::move(*database));
}

Result<FleetStore> FleetStore::in_memory() { return prepare(":memory:", true); }

Result<FleetStore> FleetStore::open_or_create(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return fail(ErrorCode::refused_input, "is not a regular file", path.string());
  }
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) {
      return fail(ErrorCode::io, fmt::format("cannot be made: {}", error.message()),
                  path.parent_path().string());
    }
  }
  return prepare(path.string(), true);
}

Result<FleetStore> FleetStore::open_existing(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::refused_input, "there is no fleet store", path.string(),
                "fill one with `assay fleet import PATH...`");
  }
  return prepare(path.string(), false);
}

Result<void> FleetStore::begin() { return database_->execute("BEGIN IMMEDIATE"); }
Result<void> FleetStore::commit() { return database_->execute("COMMIT"); }
Result<void> FleetStore::roll_back() { return database_->execute("ROLLBACK"); }

Result<FleetStore::Added> FleetStore::add(const Assessment& result) {
  const auto refuse = [](std::string message) {
    return fail(ErrorCode::refused_input, std::move(message));
  };
  if (result.run_id.empty()) return refuse("/run_id: missing (expected a UUID)");
  if (!result.machine || result.machine->id.empty()) {
    return refuse("/machine/id: missing (expected the machine that the result is of)");
  }
  const auto started_at = seconds_since_epoch(result.started_at);
  if (!started_at) {
    return refuse(fmt::format("/started_at: \"{}\" (expected a time like 2026-01-05T08:00:00Z)",
                              printable(result.started_at, 40)));
  }
  auto insert = database_->prepare("INSERT OR IGNORE INTO result VALUES (?1, ?2, ?3)");
  if (!insert) return pass_on(insert);
  insert->bind(1, result.run_id).bind(2, result.machine->id).bind(3, *started_at);
  if (auto inserted = insert->run(); !inserted) return pass_on(inserted);
  if (database_->changes() == 0) return Added::duplicate;
  const auto behind = is_behind(*database_, result, *started_at);
  if (!behind) return pass_on(behind);
  if (*behind) return Added::older;
  if (auto put = put_machine(*database_, result, *started_at); !put) return pass_on(put);
  if (auto put = put_readiness(*database_, result); !put) return pass_on(put);
  return Added::counted;
}

Result<void> FleetStore::note_skipped(const std::string& source, const std::string& reason) {
  auto insert = database_->prepare("INSERT OR REPLACE INTO skipped VALUES (?1, ?2)");
  if (!insert) return pass_on(insert);
  return insert->bind(1, source).bind(2, reason).run();
}

Result<void> FleetStore::forget_skipped(const std::string& path) {
  auto remove = database_->prepare(
      "DELETE FROM skipped WHERE source = ?1 OR "
      "substr(source, 1, length(?1) + 1) IN (?1 || '/', ?1 || ':')");
  if (!remove) return pass_on(remove);
  return remove->bind(1, path).run();
}

}  // namespace assay
