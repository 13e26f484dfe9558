#pragma once

#include <boost/program_options.hpp>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace assay {

namespace options = boost::program_options;

/// What every command is handed: its own options, the common ones, and the world that it may touch.
struct Invocation {
  const options::variables_map& values;
  bool json = false;                            // the document on stdout, and nothing else
  bool quiet = false;                           // no progress, no remarks
  bool color = false;                           // stdout is a terminal and nobody objects
  std::optional<std::filesystem::path> output;  // -o FILE
  std::filesystem::path state;  // where results are kept; not created until something is stored
  std::stop_token stop;         // SIGINT or SIGTERM arrived

  [[nodiscard]] bool has(const char* option) const { return values.count(option) > 0; }
  /// On the command line: has() is true of a default, too.
  [[nodiscard]] bool is_given(const char* option) const {
    return has(option) && !values[option].defaulted();
  }
  template <typename T>
  [[nodiscard]] const T& get(const char* option) const {
    return values[option].as<T>();
  }
};

/// Exit codes of the contract that are answers rather than failures.
inline constexpr int k_exit_yes = 0;
inline constexpr int k_exit_no = 1;
inline constexpr int k_exit_not_valid = 5;
inline constexpr int k_exit_cannot_tell = 6;
inline constexpr int k_exit_failed = 7;

/// One row of the command table: everything that --help and dispatch need.
struct Command {
  std::string_view name;
  std::string_view summary;   // one line in `assay --help`
  std::string_view usage;     // "assay can-run MODEL [options]"
  std::string_view examples;  // lines, each a command that works
  /// Adds the command's own options; positional ones are named in `places`.
  void (*declare)(options::options_description& own,
                  options::positional_options_description& places);
  /// The exit code, or the error that decides it.
  Result<int> (*run)(const Invocation& invocation);
};

/// Every command, in the order of --help. The first one runs when none is named.
std::span<const Command> command_list();

}  // namespace assay
