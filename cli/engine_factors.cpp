#include "cli/engine_factors.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/console.hpp"

namespace assay {
namespace {

constexpr std::string_view k_schema = "assay.engines/1";
constexpr const char* k_file = "engines.json";
constexpr Bytes k_most_bytes = mebibytes(16);

std::string number(double value) { return fmt::format("{:.{}f}", value, value < 9.95 ? 1 : 0); }

Result<std::vector<EngineFactor>> read_factors(const JsonFields& document,
                                               const std::string& machine_id) {
  std::vector<EngineFactor> factors;
  const auto schema = document.text("schema");
  if (!schema) return pass_on(schema);
  if (*schema != k_schema) {
    return document.refuse(
        "schema", fmt::format("\"{}\" found (expected \"{}\")", printable(*schema, 60), k_schema));
  }
  const auto machine = document.text("machine_id");
  if (!machine) return pass_on(machine);
  const auto members = document.objects("factors");
  if (!members) return pass_on(members);
  if (*machine != machine_id) return factors;
  for (const JsonFields& member : *members) {
    auto factor = engine_factor_from_json(member);
    if (!factor) return pass_on(factor);
    factors.push_back(std::move(*factor));
  }
  return factors;
}

}  // namespace

Result<std::vector<EngineFactor>> stored_factors(const std::filesystem::path& state,
                                                 const std::string& machine_id) {
  const std::filesystem::path file = state / k_file;
  std::error_code error;
  if (state.empty() || !std::filesystem::exists(file, error)) return std::vector<EngineFactor>();
  const auto document = read_json_file(file, k_most_bytes);
  if (!document) return pass_on(document);
  return read_factors(JsonFields(*document, file.string()), machine_id);
}

Result<void> store_factors(const std::filesystem::path& state, const std::string& machine_id,
                           const std::vector<EngineFactor>& factors) {
  if (state.empty()) {
    return fail(ErrorCode::usage, "no place to keep factors: HOME is not set", {},
                "set ASSAY_STATE to a directory");
  }
  std::error_code error;
  std::filesystem::create_directories(state, error);
  if (error) return fail(ErrorCode::io, error.message(), state.string());
  Json document;
  document["schema"] = k_schema;
  document["machine_id"] = machine_id;
  document["factors"] = Json::array();
  for (const EngineFactor& factor : factors) {
    document["factors"].push_back(engine_factor_to_json(factor));
  }
  return write_file_atomically(state / k_file, json_text(document));
}

std::vector<EngineEstimate> other_engines(const Invocation& invocation,
                                          const std::string& machine_id, const std::string& format,
                                          const Estimate& decode) {
  const auto factors = stored_factors(invocation.state, machine_id);
  if (factors) return engine_estimates(*factors, format, decode);
  remark(invocation, fmt::format("assay: {} (left out; `assay import --forget` removes it)",
                                 printable(factors.error().text(), 300)));
  return {};
}

std::string other_engines_text(const std::vector<EngineEstimate>& estimates) {
  std::string text;
  for (const EngineEstimate& one : estimates) {
    const Estimate& decode = one.decode_tokens_per_second;
    text += fmt::format(
        "In {} you would see about {} tokens/s ({} to {}): factor {:.2f}{} from {} imported "
        "run{}{} "
        "on this machine.\n",
        printable(one.engine, 40), number(decode.expected), number(decode.low), number(decode.high),
        one.ratio,
        one.runs > 1 ? fmt::format(" ({:.2f} to {:.2f})", one.ratio_low, one.ratio_high) : "",
        one.runs, one.runs == 1 ? "" : "s",
        one.format.empty() ? " in other formats" : " in " + printable(one.format, 20));
  }
  return text;
}

}  // namespace assay
