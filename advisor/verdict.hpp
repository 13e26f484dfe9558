#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/answer_time.hpp"
#include "advisor/catalogue.hpp"
#include "advisor/change.hpp"
#include "advisor/context_room.hpp"
#include "advisor/format_effects.hpp"
#include "advisor/policy.hpp"
#include "advisor/prediction.hpp"
#include "advisor/running_cost.hpp"
#include "advisor/verdict_kind.hpp"

namespace assay {

/// One way of answering, and what the verdict is when the model answers so.
struct JudgedAnswer {
  AnswerTime time;
  VerdictKind verdict = VerdictKind::unknown;
};

struct Verdict {
  std::string model;
  std::string format;
  std::string cache_type = "F16";
  std::string device = "cpu";
  std::uint64_t context = 0;
  std::uint64_t depth = 512;
  std::string use = "chat";
  std::uint64_t prompt_tokens = 128;  // of the time to first token
  std::uint64_t answer_tokens = 256;  // of the time to answer
  VerdictKind verdict = VerdictKind::unknown;
  Limit limit = Limit::none;
  Prediction prediction;
  /// The way of answering that is judged, and the other one of a model that can do both.
  JudgedAnswer answer;
  std::optional<JudgedAnswer> other_answer;
  /// What `answer` adds; the cost and the formats only where they were asked for.
  std::optional<ContextRoom> contexts;
  std::vector<FormatEffect> formats;
  std::optional<RunningCost> cost;
  std::string why;                  // one sentence
  std::vector<std::string> advice;  // what would change it, in words, and what else to know
  std::vector<Change> changes;      // what would change it, most useful first
};

/// The worst of memory, decode speed and first token, named, and of models that think the time to
/// answer; `advice` stays empty. What is unknown does not count, but without a decode rate nothing
/// is better than ok, and without memory nothing but a no can be said. A first token or an answer's
/// time alone never makes a no. A model that can answer with and without thinking is judged in the
/// way that the use asks for.
Verdict judge(const Question& question, const Prediction& prediction, const Policy& policy);

/// What the advice is about.
struct Subject {
  bool is_gpu = false;  // a GPU by itself: no main memory, no other programs
  bool is_here = true;  // `assay assess` can measure it
  /// One way to run the model on a GPU of the machine's own.
  struct Gpu {
    std::string name;
    Bytes needed;  // of its memory
    Estimate decode_tokens_per_second;
    Estimate time_to_first_token_seconds;
  };
  std::optional<Gpu> gpu;  // the fastest
};

/// predict, judge and advice in one. `changes` holds what would make a verdict that is not good
/// better, each with its computed effect: first what makes it good, of those first what costs
/// least. Models of the catalogue are suggested where one is given, and limits, memory channels and
/// the battery are looked at where the machine is.
Verdict answer(const Question& question, const std::optional<Calibration>& calibration,
               const Fact<Bytes>& available_memory, const Policy& policy,
               const Catalogue* catalogue = nullptr, const MachineProfile* machine = nullptr,
               const Subject& subject = {});

/// Everything that an alternative is judged by. The catalogue and the machine may be absent.
struct Circumstances {
  const std::optional<Calibration>& calibration;
  Fact<Bytes> available;
  const Policy& policy;
  const Catalogue* catalogue = nullptr;
  const MachineProfile* machine = nullptr;
  Subject subject = {};
};

/// The verdict on a prediction that need not be of the calibration (a measured one), with its
/// contexts, changes and advice; `answer` is this for what the calibration predicts.
Verdict advised(const Question& question, const Prediction& prediction,
                const Circumstances& around);

/// The question of a catalogue model in a recipe. The context is cut to the trained one. Errors:
/// refused_input for a spec with impossible sizes.
Result<Question> question_of(const CatalogueEntry& entry, Recipe recipe,
                             const SessionShape& session, const Policy::Use& use);

/// Prompt, answer and thinking of a use; `thinking` is what the catalogue says of the model.
void ask_for(Question& question, const Policy::Use& use, std::string thinking);

}  // namespace assay
