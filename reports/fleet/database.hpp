#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace assay {

/// One prepared statement. Values are bound by place, from 1; columns count from 0.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  Statement& bind(int place, std::string_view text);
  Statement& bind(int place, std::int64_t number);
  Statement& bind(int place, double number);
  Statement& bind_nothing(int place);
  template <typename T>
  Statement& bind_optional(int place, const std::optional<T>& value) {
    return value ? bind(place, *value) : bind_nothing(place);
  }

  /// The next row: true when there is one. Errors: io, refused_input for a broken file.
  Result<bool> step();
  /// Runs a statement that gives no rows, and makes it ready to be bound again.
  Result<void> run();
  void reset();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// One open SQLite database.
class Database {
 public:
  /// `name` is a file or ":memory:". Errors: refused_input, io.
  static Result<std::unique_ptr<Database>> open(const std::string& name, bool may_create);

  Result<Statement> prepare(std::string_view sql);
  /// Runs statements without values or rows.
  Result<void> execute(const std::string& sql);
  /// The first column of the first row. Errors: also internal when there is no row.
  Result<std::int64_t> number(std::string_view sql);
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes(handle_.get()); }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace assay
