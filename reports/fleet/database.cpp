#include "reports/fleet/database.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace assay {
namespace {

tl::unexpected<Error> failure(sqlite3* handle) {
  const int code = sqlite3_errcode(handle);
  const char* file = sqlite3_db_filename(handle, "main");
  const bool broken = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
  return fail(broken ? ErrorCode::refused_input : ErrorCode::io,
              broken ? fmt::format("is no fleet store: {}", printable(sqlite3_errmsg(handle)))
                     : fmt::format("the fleet store failed: {}", printable(sqlite3_errmsg(handle))),
              file == nullptr ? "" : file);
}

}  // namespace

Statement& Statement::bind(int place, std::string_view text) {
  // Out of memory is the only way to fail, and the step that follows reports it.
  sqlite3_bind_text64(handle_.get(), place, text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int place, std::int64_t number) {
  sqlite3_bind_int64(handle_.get(), place, number);
  return *this;
}

Statement& Statement::bind(int place, double number) {
  sqlite3_bind_double(handle_.get(), place, number);
  return *this;
}

Statement& Statement::bind_nothing(int place) {
  sqlite3_bind_null(handle_.get(), place);
  return *this;
}

Result<bool> Statement::step() {
  switch (sqlite3_step(handle_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return failure(sqlite3_db_handle(handle_.get()));
  }
}

Result<void> Statement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return pass_on(stepped);
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

std::string Statement::text(int column) const {
  const unsigned char* start = sqlite3_column_text(handle_.get(), column);
  if (start == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return {start, start + size};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& name, bool may_create) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (may_create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    return fail(ErrorCode::io,
                fmt::format("the fleet store cannot be opened: {}",
                            handle == nullptr ? "out of memory" : sqlite3_errmsg(handle)),
                name);
  }
  constexpr int k_wait_milliseconds = 60'000;  // for another import that is writing
  sqlite3_busy_timeout(handle, k_wait_milliseconds);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    return failure(handle_.get());
  }
  return Statement(statement);
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure(handle_.get());
  }
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return pass_on(statement);
  const auto row = statement->step();
  if (!row) return pass_on(row);
  if (!*row) return fail(ErrorCode::internal, "a query gave no row");
  return statement->number(0);
}

}  // namespace assay
