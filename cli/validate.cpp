#include <fmt/format.h>

#include <string>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "reports/document.hpp"

namespace assay {
namespace {

/// A document with problems is an input file that is refused.
constexpr int k_exit_refused = 3;

void declare(options::options_description& own, options::positional_options_description& places) {
  own.add_options()("result", options::value<std::string>()->value_name("RESULT.json"),
                    "the result document to check");
  places.add("result", 1);
}

std::string as_text(const std::vector<DocumentProblem>& problems, const std::string& file) {
  if (problems.empty()) return fmt::format("{}: a sound {} document\n", file, k_result_schema);
  std::string text;
  for (const DocumentProblem& problem : problems) {
    text += fmt::format("{}: {}{}{}\n", file, printable(problem.pointer),
                        problem.pointer.empty() ? "" : ": ", printable(problem.message, 400));
  }
  return text;
}

std::string as_json(const std::vector<DocumentProblem>& problems, const std::string& file) {
  Json json;
  json["schema"] = "assay.validation/1";
  json["file"] = file;
  json["sound"] = problems.empty();
  json["problems"] = Json::array();
  for (const DocumentProblem& problem : problems) {
    json["problems"].push_back({{"pointer", problem.pointer}, {"message", problem.message}});
  }
  return json_text(json);
}

Result<int> run(const Invocation& invocation) {
  if (!invocation.has("result")) {
    return fail(ErrorCode::usage, "no document was named", {}, "see `assay validate --help`");
  }
  const auto& file = invocation.get<std::string>("result");
  const auto document = read_json_file(file, k_most_document_bytes);
  if (!document) return pass_on(document);
  const auto problems = check_document(*document, file);
  const std::string answer =
      invocation.json ? as_json(problems, file) : as_text(problems, printable(file));
  if (auto delivered = deliver(invocation, answer); !delivered) return pass_on(delivered);
  return problems.empty() ? k_exit_yes : k_exit_refused;
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .summary = "say what is wrong with a result document",
          .usage = "assay validate RESULT.json",
          .examples =
              "  assay validate result.json           exit 0 when it is sound, 3 when it is not\n"
              "  assay validate result.json --json    the problems as a list",
          .declare = declare,
          .run = run};
}

}  // namespace assay
