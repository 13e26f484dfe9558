// What the adviser says of the sizes of published files: the program behind
// bench/file_size_accuracy.py.
//
//   file_size_rows FILES.json
//
// Prints, for each row of tests/fixtures/catalogue/file-sizes.json, one JSON line: the published
// bytes, the predicted ones, those of the metadata among them, the tokens of the
// vocabulary and the parameters.

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "advisor/catalogue.hpp"
#include "advisor/file_size.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

Result<Json> compared(const JsonFields& row, const Catalogue& catalogue) {
  const auto model = row.text("model");
  if (!model) return pass_on(model);
  const auto format = row.text("format");
  if (!format) return pass_on(format);
  const auto published = row.count("bytes");
  if (!published) return pass_on(published);
  const CatalogueEntry* entry = catalogue.find(*model);
  if (entry == nullptr) return row.refuse("model", "not in the catalogue");
  const auto recipe = recipe_from_name(*format);
  if (!recipe) return row.refuse("format", "not a known one");
  const auto plan = tensor_plan(entry->spec, *recipe);
  if (!plan) return pass_on(plan);
  Json line = row.json();
  line["predicted"] = file_bytes(entry->spec, *plan).value;
  line["metadata"] = metadata_bytes(entry->spec.vocabulary).value;
  line["vocabulary"] = entry->spec.vocabulary;
  line["parameters"] = plan->parameters();
  return line;
}

int run(const std::string& path) {
  const auto catalogue = builtin_catalogue();
  const auto document = read_json_file(path);
  if (!catalogue || !document) {
    fmt::print(stderr, "{}\n", (catalogue ? document.error() : catalogue.error()).text());
    return 1;
  }
  const auto rows = JsonFields(*document, path).objects("files");
  if (!rows) {
    fmt::print(stderr, "{}\n", rows.error().text());
    return 1;
  }
  for (const JsonFields& row : *rows) {
    const auto line = compared(row, *catalogue);
    if (!line) {
      fmt::print(stderr, "{}\n", line.error().text());
      return 1;
    }
    fmt::print("{}\n", line->dump());
  }
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: file_size_rows FILES.json\n");
    return 2;
  }
  return assay::run(argv[1]);
}
