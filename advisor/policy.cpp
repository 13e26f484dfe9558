#include "advisor/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "advisor/json/configuration_file.hpp"
#include "advisor/json/first_error.hpp"
#include "advisor/json/known_keys.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_builtin = "policies/default.json";
constexpr std::string_view k_schema = "assay.policy/1";

/// No rate and no time of use is beyond it.
constexpr double k_most = 1e9;
/// More tokens than any model has positions for.
constexpr std::uint64_t k_most_tokens = 1U << 30;

/// Thresholds of one object that must rise: each is over the one before, and none over `most`.
Result<std::vector<double>> rising(const JsonFields& parent, std::string_view object,
                                   std::initializer_list<std::string_view> keys, double most) {
  auto fields = parent.object(object);
  if (!fields) return pass_on(fields);
  if (const auto known = only_known_keys(*fields, keys); !known) return pass_on(known);
  std::vector<double> values;
  for (const std::string_view key : keys) {
    const auto value = fields->number(key);
    if (!value) return pass_on(value);
    const double least = values.empty() ? 0.0 : values.back();
    if (!(*value > least)) {
      return fields->refuse(key, fmt::format("{} found (expected more than {})", *value, least));
    }
    if (*value > most) {
      return fields->refuse(key, fmt::format("{} found (expected {} at most)", *value, most));
    }
    values.push_back(*value);
  }
  return values;
}

/// A number of tokens that may be left out.
void take_tokens(const JsonFields& member, std::string_view key, std::uint64_t least,
                 std::uint64_t& into, FirstError& read) {
  read.take_if_there(member.optional_count(key), into);
  if (!read.ok() || (into >= least && into <= k_most_tokens)) return;
  read.keep(
      member.refuse(key, fmt::format("{} found (expected {} to {})", into, least, k_most_tokens)));
}

Result<Policy::Use> use_of(const JsonFields& member) {
  if (const auto known = only_known_keys(
          member, {"name", "description", "prompt_tokens", "answer_tokens", "context_tokens",
                   "thinking_tokens", "thinking_source", "thinks", "models_tagged"});
      !known) {
    return pass_on(known);
  }
  Policy::Use use;
  FirstError read;
  read.take(member.text("name"), use.name);
  read.take(member.count("prompt_tokens"), use.prompt_tokens);
  use.tag = use.name;
  read.take_if_there(member.optional_text("models_tagged"), use.tag);
  read.take_if_there(member.optional_text("description"), use.description);
  take_tokens(member, "prompt_tokens", 1, use.prompt_tokens, read);
  take_tokens(member, "answer_tokens", 1, use.answer_tokens, read);
  take_tokens(member, "context_tokens", 1, use.context_tokens, read);
  take_tokens(member, "thinking_tokens", 0, use.thinking_tokens, read);
  read.take_if_there(member.optional_text("thinking_source"), use.thinking_source);
  read.take_if_there(member.optional_flag("thinks"), use.thinks);
  if (!read.ok()) return read.failure();
  // What a file leaves out has room for the rest.
  if (!member.has("context_tokens")) {
    use.context_tokens = std::max(use.context_tokens, use.prompt_tokens + use.answer_tokens);
  }
  if (use.context_tokens < use.prompt_tokens + use.answer_tokens) {
    return member.refuse("context_tokens",
                         fmt::format("{} found (expected room for prompt and answer, {} or more)",
                                     use.context_tokens, use.prompt_tokens + use.answer_tokens));
  }
  return use;
}

Result<std::vector<Policy::Use>> uses_of(const JsonFields& fields) {
  const auto members = fields.objects("uses");
  if (!members) return pass_on(members);
  if (members->empty()) return fields.refuse("uses", "empty (expected at least one use)");
  std::vector<Policy::Use> uses;
  for (const JsonFields& member : *members) {
    auto use = use_of(member);
    if (!use) return pass_on(use);
    for (const Policy::Use& earlier : uses) {
      if (earlier.name == use->name) {
        return member.refuse("name", fmt::format("\"{}\" comes twice", printable(use->name, 40)));
      }
    }
    uses.push_back(std::move(*use));
  }
  return uses;
}

/// A policy without the key keeps the thresholds that it has.
Result<void> take_thinking_thresholds(const JsonFields& fields, Policy& policy) {
  constexpr std::string_view k_key = "thinking_answer_seconds";
  if (!fields.has(k_key)) return {};
  const auto seconds = rising(fields, k_key, {"comfortable_up_to", "ok_up_to"}, k_most);
  if (!seconds) return pass_on(seconds);
  policy.thinking_answer_comfortable_seconds = (*seconds)[0];
  policy.thinking_answer_ok_seconds = (*seconds)[1];
  return {};
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
  if (const auto known = only_known_keys(
          fields, {"schema", "name", "decode_tokens_per_second", "memory_share_of_available",
                   "first_token_seconds", "thinking_answer_seconds", "uses"});
      !known) {
    return pass_on(known);
  }
  const auto decode =
      rising(fields, "decode_tokens_per_second", {"no_below", "tight_below", "ok_below"}, k_most);
  if (!decode) return pass_on(decode);
  // More than all of it never fits.
  const auto memory = rising(fields, "memory_share_of_available",
                             {"comfortable_up_to", "ok_up_to", "tight_up_to"}, 1.0);
  if (!memory) return pass_on(memory);
  const auto first =
      rising(fields, "first_token_seconds", {"comfortable_up_to", "ok_up_to"}, k_most);
  if (!first) return pass_on(first);
  Policy policy;
  FirstError read;
  read.take(fields.text("name"), policy.name);
  read.take(uses_of(fields), policy.uses);
  if (!read.ok()) return read.failure();
  if (const auto taken = take_thinking_thresholds(fields, policy); !taken) return pass_on(taken);
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
