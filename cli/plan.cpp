#include "advisor/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "advisor/catalogue.hpp"
#include "advisor/verdict.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/asked_model.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/grounds.hpp"
#include "cli/named_machine.hpp"
#include "cli/shared_options.hpp"

namespace assay {
namespace {

constexpr double k_most_rate = 1e5;
constexpr std::size_t k_shown = 4;  // machines of a kind

void declare(options::options_description& own, options::positional_options_description& places) {
  auto add = own.add_options();
  const auto text = [](const char* name) {
    return options::value<std::string>()->value_name(name);
  };
  add("model", text("M"), "a model of the catalogue, a GGUF file or a config.json");
  add("rate", options::value<double>()->value_name("R")->default_value(20.0, "20"),
      "tokens per second that it should generate");
  add("context", text("N"),
      "tokens that the cache must hold and the rate hold after, as 4096 or 32k (default: the "
      "use's, "
      "and a rate after 512)");
  add("format", text("F"), "format of the weights (default Q4_K_M; a GGUF file has its own)");
  add("use", text("USE")->default_value("chat"), "what it is for: sets the context");
  add("policy", text("FILE"), "thresholds to judge by instead of the built-in ones");
  places.add("model", 1);
}

Result<Question> question_option(const Invocation& invocation, const Policy& policy,
                                 const Catalogue& catalogue) {
  if (!invocation.has("model")) {
    return fail(ErrorCode::usage, "no model was named", {}, "see `assay plan --help`");
  }
  const auto recipe = format_option(invocation);
  if (!recipe) return pass_on(recipe);
  const auto use = use_option(invocation, policy);
  if (!use) return pass_on(use);
  const auto context = context_option(invocation, use->context_tokens);
  if (!context) return pass_on(context);
  auto asked = find_asked_model(invocation.get<std::string>("model"), *recipe, catalogue);
  if (!asked) return pass_on(asked);
  if (invocation.has("context") && *context > asked->spec.trained_context) {
    return fail(ErrorCode::usage,
                fmt::format("--context: {} (expected at most {}, which {} was trained for)",
                            *context, asked->spec.trained_context, asked->name));
  }
  Question question;
  question.model = std::move(asked->name);
  question.spec = std::move(asked->spec);
  question.plan = std::move(asked->plan);
  question.format = std::move(asked->format);
  question.session.context = std::min(*context, question.spec.trained_context);
  ask_for(question, *use, "unknown");
  const std::uint64_t kept = question.prompt_tokens + question.answer_tokens;
  if (kept > question.session.context) {
    return fail(ErrorCode::usage,
                fmt::format("--{}: a prompt of {} tokens and an answer of {} do not fit a context "
                            "of {}",
                            invocation.has("context") ? "context" : "use", question.prompt_tokens,
                            question.answer_tokens, question.session.context));
  }
  // Who asks for a context means to use it: the rate is that of an answer at its end.
  if (invocation.has("context")) {
    question.depth = question.session.context - question.answer_tokens;
  }
  return question;
}

std::string gigabytes_text(double bytes_per_second) {
  return fmt::format("{:.0f} GB/s", bytes_per_second / 1e9);
}

/// "0.06", "2.1", "140": never with an exponent.
std::string plain_number(double value) {
  return fmt::format("{:.{}f}", value, value < 0.995 ? 2 : value < 9.95 ? 1 : 0);
}

/// "0.4 TFLOP/s", "35 GFLOP/s".
std::string compute_text(double flops_per_second) {
  constexpr double k_tera = 1e12;
  constexpr double k_giga = 1e9;
  return flops_per_second < k_tera / 10 ? plain_number(flops_per_second / k_giga) + " GFLOP/s"
                                        : plain_number(flops_per_second / k_tera) + " TFLOP/s";
}

/// Sources by the number that they are shown with, from 1.
class Footnotes {
 public:
  std::size_t number_of(const std::string& source) {
    const auto known = std::ranges::find(sources_, source);
    if (known != sources_.end()) return static_cast<std::size_t>(known - sources_.begin()) + 1;
    sources_.push_back(source);
    return sources_.size();
  }
  [[nodiscard]] std::string text() const {
    std::string lines;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      lines += fmt::format("  [{}] {}\n", i + 1, sources_[i]);
    }
    return lines;
  }

 private:
  std::vector<std::string> sources_;
};

std::string machines_text(const std::vector<PlannedMachine>& machines, std::string_view title,
                          std::string_view none, Footnotes& sources) {
  if (machines.empty()) return fmt::format("\n{}\n  {}\n", title, none);
  std::string text = fmt::format("\n{}\n", title);
  for (std::size_t i = 0; i < std::min(machines.size(), k_shown); ++i) {
    const PlannedMachine& machine = machines[i];
    const Estimate& decode = machine.decode_tokens_per_second;
    const Estimate& first = machine.time_to_first_token_seconds;
    text += fmt::format(
        "  {:<34} {:>7}  {:>9} [{}]  {} tokens/s ({}-{}){}\n", machine.name,
        sold_gigabytes(machine.memory), gigabytes_text(machine.bandwidth_bytes_per_second),
        sources.number_of(machine.source), plain_number(decode.expected), plain_number(decode.low),
        plain_number(decode.high),
        first.is_known() ? ", first token " + plain_number(first.expected) + " s" : std::string());
  }
  if (machines.size() > k_shown) text += fmt::format("  and {} more\n", machines.size() - k_shown);
  return text;
}

std::string sentence(const Question& question, double rate, const MachinePlan& plan) {
  const std::string what =
      fmt::format("{} in {} at {} tokens/s after {} tokens with a context of {}", question.model,
                  question.format, plain_number(rate), question.depth, question.session.context);
  if (plan.processors.empty() && plan.gpus.empty()) {
    return fmt::format("No processor or GPU of the table runs {}: it needs {} of memory{}.", what,
                       human_bytes(plan.available),
                       plan.bandwidth_bytes_per_second
                           ? ", read at " + gigabytes_text(*plan.bandwidth_bytes_per_second)
                           : ", and no memory is fast enough");
  }
  if (!plan.bandwidth_bytes_per_second) return fmt::format("{} needs a GPU.", what);
  return fmt::format("{} needs {} of memory free and read at a rated {} or more.", what,
                     human_bytes(plan.available), gigabytes_text(*plan.bandwidth_bytes_per_second));
}

std::string bandwidth_text(const Question& question, const MachinePlan& plan) {
  if (!plan.bandwidth_bytes_per_second) return "no machine's memory is fast enough";
  const std::string expected = gigabytes_text(*plan.bandwidth_bytes_per_second);
  if (!plan.safe_bandwidth_bytes_per_second) {
    return fmt::format("{} expected to do after {} tokens; none is known to be on the safe side",
                       expected, question.depth);
  }
  return fmt::format("{} expected to do, {} to be on the safe side, after {} tokens", expected,
                     gigabytes_text(*plan.safe_bandwidth_bytes_per_second), question.depth);
}

std::string plan_text(const Question& question, double rate, const MachinePlan& plan,
                      const Policy& policy) {
  std::string text = sentence(question, rate, plan) + "\n\n";
  text += fmt::format("  memory       {} needed; {} free, so that some is left; {} installed\n",
                      human_bytes(plan.needed), human_bytes(plan.available),
                      sold_gigabytes(plan.installed));
  text += "  bandwidth    " + bandwidth_text(question, plan) + "\n";
  text += fmt::format(
      "  compute      {} reached for a first token within {} s, {} within {} s (a prompt of {} "
      "tokens)\n",
      compute_text(plan.prompt_flops_per_second), policy.first_token_ok_seconds,
      compute_text(plan.comfortable_prompt_flops_per_second),
      policy.first_token_comfortable_seconds, question.prompt_tokens);
  Footnotes sources;
  text += machines_text(plan.processors, "Processors that do, the slowest memory first (estimated)",
                        "none that is known", sources);
  text +=
      machines_text(plan.gpus, "GPUs that hold all of it, in an engine that uses them (estimated)",
                    "none that is known", sources);
  const std::string notes = sources.text();
  return notes.empty() ? text : text + "\nBandwidths are published ones:\n" + notes;
}

Result<int> run(const Invocation& invocation) {
  const double rate = invocation.get<double>("rate");
  if (!(rate > 0.0) || rate > k_most_rate) {
    return fail(ErrorCode::usage, fmt::format("--rate: {} (expected more than 0, at most {:.0f})",
                                              rate, k_most_rate));
  }
  const auto policy = policy_option(invocation);
  if (!policy) return pass_on(policy);
  const auto catalogue = builtin_catalogue();
  if (!catalogue) return pass_on(catalogue);
  const auto question = question_option(invocation, *policy, *catalogue);
  if (!question) return pass_on(question);
  const auto hardware = builtin_hardware();
  if (!hardware) return pass_on(hardware);
  const MachinePlan plan = plan_machine(*question, rate, *policy, *hardware);
  const std::string text = invocation.json    ? json_text(plan_json(*question, rate, plan))
                           : invocation.quiet ? sentence(*question, rate, plan) + "\n"
                                              : plan_text(*question, rate, plan, *policy);
  if (auto done = deliver(invocation, text); !done) return pass_on(done);
  return plan.processors.empty() && plan.gpus.empty() ? k_exit_no : k_exit_yes;
}

}  // namespace

Command plan_command() {
  return {.name = "plan",
          .summary = "say what machine would run a model at a rate",
          .usage = "assay plan --model M [--rate R] [--context N] [options]",
          .examples =
              "  assay plan --model qwen3-8b --rate 20 --context 32k\n"
              "  assay plan --model gpt-oss-20b --rate 30 --format MXFP4\n"
              "Everything is estimated from published bandwidths.\n"
              "Exit codes: 0 some machine of the table does, 1 none does, 2 no such model.",
          .declare = declare,
          .run = run};
}

}  // namespace assay
