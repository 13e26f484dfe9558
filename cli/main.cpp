#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <typeinfo>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/console.hpp"
#include "cli/signals.hpp"
#include "cli/state.hpp"
#include "cli/tool_info.hpp"

namespace assay {
namespace {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return 2;
    case ErrorCode::refused_input:
      return 3;
    case ErrorCode::does_not_fit:
      return 4;
    case ErrorCode::invalid_result:
      return 5;
    case ErrorCode::unknown:
      return 6;
    case ErrorCode::io:
    case ErrorCode::internal:
      return 7;
    case ErrorCode::interrupted:
      return exit_code_of_signal() == 0 ? 130 : exit_code_of_signal();
  }
  return 7;
}

int report_error(const Error& error) {
  // Names and values of files stand in the text. Nobody is told when standard error is closed.
  constexpr std::size_t k_longest = 16384;
  std::string text = fmt::format("assay: {}\n", printable(error.text(), k_longest));
  if (!error.remedy.empty()) text += fmt::format("  {}\n", printable(error.remedy, k_longest));
  std::fputs(text.c_str(), stderr);
  return exit_code(error.code);
}

Error usage_error(std::string message, std::string remedy) {
  return Error{ErrorCode::usage, std::move(message), {}, std::move(remedy)};
}

std::string did_you_mean(const std::vector<std::string>& names, std::string otherwise) {
  if (names.empty()) return otherwise;
  return fmt::format("did you mean {}?", fmt::join(names, " or "));
}

options::options_description common_options() {
  options::options_description common("Everywhere");
  auto add = common.add_options();
  add("json", "the result as JSON on standard output, and nothing else");
  add("output,o", options::value<std::string>()->value_name("FILE"),
      "write the answer to FILE (atomically) instead of standard output");
  add("quiet", "no progress and no remarks");
  add("no-color", "no colour (as with NO_COLOR set)");
  add("help,h", "this text");
  add("version", "version and build of the program");
  return common;
}

std::string overview() {
  std::string text =
      "Assay: what this machine can do with small language models, measured and predicted.\n\n"
      "Usage: assay [COMMAND] [OPTIONS]\n\nCommands:\n";
  for (const Command& command : command_list()) {
    text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  }
  text +=
      "\nWithout a command: assess.  `assay COMMAND --help` explains one, with examples.\n"
      "Everywhere: --json, -o FILE, --quiet, --no-color, --help, --version.\n"
      "Exit codes: 0 yes or done, 1 no or a regression, 2 usage, 3 a file was refused, 4 does not "
      "fit in memory,\n"
      "5 measured but not valid, 6 cannot tell, 7 could not write, 130/143 interrupted.\n";
  return text;
}

std::string help_of(const Command& command, const options::options_description& own,
                    const options::options_description& common) {
  std::string text = fmt::format("{}\n\nUsage: {}\n", command.summary, command.usage);
  std::ostringstream listing;
  if (!own.options().empty()) listing << "\n" << own;
  listing << "\n" << common;
  return fmt::format("{}{}\nExamples:\n{}\n", text, listing.str(), command.examples);
}

/// Boost's words for a bad option, with the nearest real one. Positional names are not options.
Error explain(const options::error& problem, const Command& command,
              const options::options_description& all) {
  const std::string help = fmt::format("see `assay {} --help`", command.name);
  if (const auto* unknown = dynamic_cast<const options::unknown_option*>(&problem)) {
    std::vector<std::string> names;
    for (const auto& option : all.options()) names.push_back("--" + option->long_name());
    const std::string given = unknown->get_option_name();
    return usage_error(fmt::format("unknown option {}", printable(given)),
                       did_you_mean(nearest_names(given, names), help));
  }
  return usage_error(printable(problem.what()), help);
}

/// Refuses a sign before a value that counts: the library would take -1 for the largest count.
Result<void> check_counts(const options::parsed_options& parsed,
                          const options::options_description& all) {
  for (const options::option& given : parsed.options) {
    const options::option_description* known = all.find_nothrow(given.string_key, false);
    const auto* typed =
        known == nullptr ? nullptr
                         : dynamic_cast<const options::typed_value_base*>(known->semantic().get());
    if (typed == nullptr) continue;
    const std::type_info& type = typed->value_type();
    const bool counts = type == typeid(std::uint32_t) || type == typeid(std::uint64_t);
    if (counts && !given.value.empty() && given.value.front().starts_with('-')) {
      return fail(ErrorCode::usage, fmt::format("--{}: {} (expected 0 or more)", given.string_key,
                                                printable(given.value.front())));
    }
  }
  return {};
}

const Command* find_command(std::string_view name) {
  for (const Command& command : command_list()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

bool wants_color(const options::variables_map& values) {
  const char* no_color = std::getenv("NO_COLOR");
  return values.count("no-color") == 0 && (no_color == nullptr || *no_color == '\0') &&
         ::isatty(STDOUT_FILENO) == 1;
}

int print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return k_exit_yes;
  return errno == EPIPE ? k_exit_yes : k_exit_failed;  // a reader that has seen enough
}

int run_command(const Command& command, const std::vector<std::string>& arguments,
                std::stop_token stop) {
  options::options_description own("Options");
  options::positional_options_description places;
  command.declare(own, places);
  const options::options_description common = common_options();
  options::options_description all;
  all.add(own).add(common);
  options::variables_map values;
  try {
    options::command_line_parser parser(arguments);
    constexpr int k_style =
        options::command_line_style::unix_style & ~options::command_line_style::allow_guessing;
    const auto parsed = parser.options(all).positional(places).style(k_style).run();
    if (auto counts = check_counts(parsed, all); !counts) return report_error(counts.error());
    options::store(parsed, values);
    if (values.count("help") > 0) return print(help_of(command, own, common));
    if (values.count("version") > 0) return print(version_text());
    options::notify(values);
  } catch (const options::error& problem) {
    return report_error(explain(problem, command, all));
  }
  Invocation invocation{.values = values,
                        .json = values.count("json") > 0,
                        .quiet = values.count("quiet") > 0,
                        .color = wants_color(values),
                        .output = std::nullopt,
                        .state = state_directory(),
                        .stop = std::move(stop)};
  if (values.count("output") > 0) invocation.output = values["output"].as<std::string>();
  const Result<int> result = command.run(invocation);
  if (!result) return report_error(result.error());
  return *result;
}

constexpr std::string_view k_main_command = "assess";

int dispatch(std::vector<std::string> arguments, std::stop_token stop) {
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    return print(overview());
  }
  if (!arguments.empty() && arguments[0] == "--version") return print(version_text());
  const Command* command = find_command(k_main_command);
  if (!arguments.empty() && !arguments[0].starts_with('-')) {
    command = find_command(arguments[0]);
    if (command == nullptr) {
      std::vector<std::string> names;
      for (const Command& known : command_list()) names.emplace_back(known.name);
      return report_error(
          usage_error(fmt::format("unknown command '{}'", printable(arguments[0])),
                      did_you_mean(nearest_names(arguments[0], names), "see `assay --help`")));
    }
    arguments.erase(arguments.begin());
  }
  if (command == nullptr) return print(overview());
  return run_command(*command, arguments, std::move(stop));
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  try {
    const std::stop_token stop = assay::watch_signals();
    return assay::dispatch(std::vector<std::string>(argv + 1, argv + argc), stop);
  } catch (const std::bad_alloc&) {
    std::fputs("assay: out of memory\n", stderr);
    return 4;
  } catch (const std::exception& problem) {
    std::fputs(fmt::format("assay: internal error: {}\n", assay::printable(problem.what())).c_str(),
               stderr);
    return 7;
  }
}
