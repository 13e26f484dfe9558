#include "advisor/policy.hpp"

#include <fmt/format.h>

#include <utility>

#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "base/json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_builtin = "policies/default.json";
constexpr std::string_view k_schema = "assay.policy/1";

/// Thresholds of one object that must rise: each is over the one before.
Result<std::vector<double>> rising(const JsonFields& parent, std::string_view object,
                                   const std::vector<std::string_view>& keys) {
  auto fields = parent.object(object);
  if (!fields) return pass_on(fields);
  std::vector<double> values;
  for (const std::string_view key : keys) {
    const auto value = fields->number(key);
    if (!value) return pass_on(value);
    const double least = values.empty() ? 0.0 : values.back();
    if (!(*value > least)) {
      return fields->refuse(key, fmt::format("{} found (expected more than {})", *value, least));
    }
    values.push_back(*value);
  }
  return values;
}

Result<std::vector<Policy::Use>> uses_of(const JsonFields& fields) {
  const auto members = fields.objects("uses");
  if (!members) return pass_on(members);
  if (members->empty()) return fields.refuse("uses", "empty (expected at least one use)");
  std::vector<Policy::Use> uses;
  for (const JsonFields& member : *members) {
    Policy::Use use;
    FirstError read;
    read.take(member.text("name"), use.name);
    read.take(member.count("prompt_tokens"), use.prompt_tokens);
    use.tag = use.name;
    read.take_if_there(member.optional_text("models_tagged"), use.tag);
    if (!read.ok()) return read.failure();
    if (use.prompt_tokens == 0)
      return member.refuse("prompt_tokens", "0 found (expected 1 or more)");
    uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace

const Policy::Use* Policy::use(std::string_view wanted) const {
  for (const Use& candidate : uses) {
    if (candidate.name == wanted) return &candidate;
  }
  return nullptr;
}

std::vector<std::string> Policy::use_names() const {
  std::vector<std::string> names;
  for (const Use& candidate : uses) names.push_back(candidate.name);
  return names;
}

Result<Policy> builtin_policy() {
  const auto text = builtin_text(k_builtin);
  if (!text) return pass_on(text);
  return parse_policy(*text, std::string(k_builtin));
}

Result<Policy> parse_policy(std::string_view json, const std::string& source) {
  const auto document = parse_json(json, source);
  if (!document) return pass_on(document);
  const JsonFields fields(*document, source);
  if (const auto fits = require_schema(fields, k_schema); !fits) return pass_on(fits);
  const auto decode =
      rising(fields, "decode_tokens_per_second", {"no_below", "tight_below", "ok_below"});
  if (!decode) return pass_on(decode);
  const auto memory =
      rising(fields, "memory_share_of_available", {"comfortable_up_to", "ok_up_to", "tight_up_to"});
  if (!memory) return pass_on(memory);
  const auto first = rising(fields, "first_token_seconds", {"comfortable_up_to", "ok_up_to"});
  if (!first) return pass_on(first);
  Policy policy;
  FirstError read;
  read.take(fields.text("name"), policy.name);
  read.take(uses_of(fields), policy.uses);
  if (!read.ok()) return read.failure();
  policy.decode_no = (*decode)[0];
  policy.decode_tight = (*decode)[1];
  policy.decode_ok = (*decode)[2];
  policy.memory_comfortable = (*memory)[0];
  policy.memory_ok = (*memory)[1];
  policy.memory_tight = (*memory)[2];
  policy.first_token_comfortable_seconds = (*first)[0];
  policy.first_token_ok_seconds = (*first)[1];
  return policy;
}

}  // namespace assay
