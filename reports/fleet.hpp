#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "reports/assessment.hpp"

namespace assay {

class Database;

/// Results of many machines in one SQLite file. A result counts once, however often it is added;
/// of each machine the newest result that holds verdicts counts.
class FleetStore {
 public:
  /// Opens a store, making it when there is none. Errors: refused_input for a file that is none, or
  /// of a newer version; io.
  static Result<FleetStore> open_or_create(const std::filesystem::path& path);
  /// Errors: the same, and refused_input when there is none.
  static Result<FleetStore> open_existing(const std::filesystem::path& path);
  static Result<FleetStore> in_memory();
  FleetStore(FleetStore&& other) noexcept;
  FleetStore& operator=(FleetStore&& other) noexcept;
  ~FleetStore();

  enum class Added { counted, older, duplicate };
  /// `counted`: the machine's newest now; `older`: kept in mind, a newer one stands; `duplicate`:
  /// this run was added before. Errors: refused_input for a result without run, machine or date;
  /// io.
  Result<Added> add(const Assessment& result);
  /// Remembers that `source` (a file, or FILE:LINE) could not be read, and why.
  Result<void> note_skipped(const std::string& source, const std::string& reason);
  /// Forgets that for a file with its lines, or a folder with all below it.
  Result<void> forget_skipped(const std::string& path);
  /// What comes between begin and commit is kept or lost as one.
  Result<void> begin();
  Result<void> commit();
  Result<void> roll_back();

  [[nodiscard]] Database& database() const { return *database_; }

 private:
  explicit FleetStore(std::unique_ptr<Database> database);
  static Result<FleetStore> prepare(const std::string& name, bool may_create);
  std::unique_ptr<Database> database_;
};

struct ImportOptions {
  Bytes most_document_bytes = mebibytes(16);
  std::stop_token stop;
};

struct ImportSummary {
  std::uint64_t documents = 0;  // looked at: one a file, one a line of JSON Lines
  std::uint64_t imported = 0;   // new in the store
  std::uint64_t older = 0;      // of these, behind a newer result of the same machine
  std::uint64_t duplicates = 0;
  std::uint64_t skipped = 0;
  struct Skipped {
    std::string source;
    std::string reason;
  };
  std::vector<Skipped> first_skipped;  // at most 20
};

/// Adds result documents to a store: JSON and JSON Lines files, and folders with all below them
/// (names ending in .json, .jsonl, .ndjson; links to folders are not followed). What cannot be read
/// is skipped and counted with its reason. The outcome does not depend on the order of files.
/// Errors: refused_input for a path that does not exist, io, interrupted.
Result<ImportSummary> import_results(FleetStore& store,
                                     std::span<const std::filesystem::path> paths,
                                     const ImportOptions& options);
std::string import_text(const ImportSummary& summary);
Json import_json(const ImportSummary& summary);

/// Why machines are not ready for a model: the first requirement that fails.
struct FleetObstacle {
  std::string limit;  // as in a verdict: "memory", "decode_speed"
  std::uint64_t tight = 0;
  std::uint64_t not_ready = 0;
  /// Memory that must become free before the model runs at all, of the machines that lack some.
  std::optional<Bytes> least_short, most_short;
};

struct FleetModel {
  std::string model;
  std::uint64_t comfortable = 0, ok = 0;  // ready
  std::uint64_t tight = 0;
  std::uint64_t not_ready = 0;
  std::uint64_t unknown = 0;             // no verdict, or one that says so
  std::vector<FleetObstacle> obstacles;  // most machines first
  [[nodiscard]] std::uint64_t ready() const { return comfortable + ok; }
};

struct FleetReport {
  std::uint64_t machines = 0;
  std::uint64_t ready_for_any = 0;  // machines that are ready for one model at least
  std::uint64_t results = 0;        // runs ever imported
  std::uint64_t skipped = 0;        // documents that could not be read
  std::string oldest, newest;       // dates of the results that count
  std::vector<FleetModel> models;   // most ready machines first
};

/// What the fleet is ready for. `model` restricts it to one; `memory_share` is the policy's share
/// of the available memory that a model may need at most. Errors: unknown for a model that no
/// machine has a verdict on, io.
Result<FleetReport> fleet_report(const FleetStore& store, double memory_share,
                                 const std::optional<std::string>& model = std::nullopt);
std::string fleet_report_text(const FleetReport& report);
Json fleet_report_json(const FleetReport& report);
std::string fleet_report_csv(const FleetReport& report);

struct FleetMachine {
  std::string id;
  std::optional<std::string> brand;
  std::optional<Bytes> memory;
  std::string started_at;
  std::optional<std::string> best_model, best_format;
  /// Of the model that was asked for.
  std::string readiness;  // "ready", "tight", "not ready", "unknown"
  std::string limit;      // the first requirement that fails; empty when none does
  std::string why;
};

/// Calls `take` for each machine, by id. With a model, the last three fields say how it stands.
Result<void> for_each_machine(const FleetStore& store, const std::optional<std::string>& model,
                              const std::function<void(const FleetMachine&)>& take);
std::string fleet_machine_text_header(bool with_model);
std::string fleet_machine_text(const FleetMachine& machine, bool with_model);
std::string fleet_machine_csv_header(bool with_model);
std::string fleet_machine_csv(const FleetMachine& machine, bool with_model);
Json fleet_machine_json(const FleetMachine& machine, bool with_model);

struct SimulateOptions {
  std::uint64_t machines = 100;  // documents in all
  std::uint64_t broken = 0;      // of these
  std::uint64_t seed = 1;
  std::string started_at = "2026-01-05T08:00:00Z";  // of the first; one minute more for each
};

/// What a simulated fleet holds, so that a report can be checked against it.
struct SimulatedFleet {
  std::uint64_t machines = 0;  // that can be read
  std::map<std::string, FleetModel> models;
  std::vector<std::string> broken;  // file names and what is wrong with each
};

/// Writes one result document for each machine below `directory` (made when missing): plausible
/// machines, verdicts by the advisor; `broken` of them cannot be read, each in another way.
/// Errors: io; usage for more broken documents than machines.
Result<SimulatedFleet> simulate_fleet(const SimulateOptions& options,
                                      const std::filesystem::path& directory);
std::string simulated_fleet_text(const SimulatedFleet& fleet);
Json simulated_fleet_json(const SimulatedFleet& fleet);

}  // namespace assay
