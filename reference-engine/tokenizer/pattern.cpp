#include "reference-engine/tokenizer/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reference-engine/tokenizer/unicode_class.hpp"
#include "reference-engine/tokenizer/utf8.hpp"

namespace assay {
namespace {

using Steps = std::vector<PatternStep>;
using Kind = PatternStep::Kind;

constexpr std::size_t k_most_sets = 64;    // bits of sets_of()
constexpr unsigned k_most_repeats = 1000;  // of {n,m}; the program grows with it

std::int32_t length_of(const Steps& steps) { return static_cast<std::int32_t>(steps.size()); }

void append(Steps& steps, const Steps& more) {
  steps.insert(steps.end(), more.begin(), more.end());
}

Steps alternatives(const Steps& first, const Steps& second) {
  Steps steps{{Kind::fork, 0, 1, length_of(first) + 2}};
  append(steps, first);
  steps.push_back({Kind::jump, 0, length_of(second) + 1, 0});
  append(steps, second);
  return steps;
}

Steps optional_steps(const Steps& once) {
  Steps steps{{Kind::fork, 0, 1, length_of(once) + 1}};
  append(steps, once);
  return steps;
}

Steps any_number(const Steps& once) {
  Steps steps{{Kind::fork, 0, 1, length_of(once) + 2}};
  append(steps, once);
  steps.push_back({Kind::jump, 0, -length_of(once) - 1, 0});
  return steps;
}

Steps repeated(const Steps& once, unsigned least, unsigned most) {
  Steps steps;
  Steps more;
  for (unsigned i = least; i < most; ++i) {
    Steps longer = once;
    append(longer, more);
    more = optional_steps(longer);
  }
  for (unsigned i = 0; i < least; ++i) append(steps, once);
  append(steps, more);
  return steps;
}

/// Recursive descent over the code points of a pattern. After the first fault everything ends fast.
class PatternParser {
 public:
  explicit PatternParser(std::string_view text) {
    while (!text.empty()) {
      const std::size_t length = std::max<std::size_t>(1, well_formed_length(text));
      text_.push_back(code_point_of(text.substr(0, length)));
      text.remove_prefix(length);
    }
  }

  Steps parse() {
    Steps steps = alternation();
    if (at_ < text_.size()) blame("a closing bracket without an opening one");
    steps.push_back({Kind::matched});
    return steps;
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  std::vector<CodePointSet>& sets() { return sets_; }

 private:
  void blame(std::string_view what) {
    if (fault_.empty()) fault_ = fmt::format("{} at code point {}", what, at_);
    at_ = text_.size();
  }
  [[nodiscard]] bool at(char32_t code_point) const {
    return at_ < text_.size() && text_[at_] == code_point;
  }
  bool take(char32_t code_point) {
    if (!at(code_point)) return false;
    ++at_;
    return true;
  }
  void expect(char32_t code_point) {
    if (!take(code_point)) blame(fmt::format("no '{}'", static_cast<char>(code_point)));
  }

  Steps alternation() {
    Steps steps = sequence();
    if (!take('|')) return steps;
    return alternatives(steps, alternation());
  }

  Steps sequence() {
    Steps steps;
    while (at_ < text_.size() && !at('|') && !at(')')) append(steps, repetition(atom()));
    return steps;
  }

  Steps repetition(const Steps& once) {
    if (take('*')) return any_number(once);
    if (take('?')) return optional_steps(once);
    if (take('+')) {
      Steps steps = once;
      append(steps, any_number(once));
      return steps;
    }
    if (!take('{')) return once;
    const unsigned least = number();
    const unsigned most = take(',') ? number() : least;
    expect('}');
    if (most < least || most == 0) blame("an impossible repetition");
    return fault_.empty() ? repeated(once, least, most) : Steps();
  }

  unsigned number() {
    unsigned value = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' &&
           value <= k_most_repeats) {
      value = value * 10 + static_cast<unsigned>(text_[at_++] - '0');
    }
    if (value > k_most_repeats) blame("too many repetitions");
    return value;
  }

  Steps atom() {
    if (take('$')) return {{Kind::at_end}};
    if (!take('(')) return {{Kind::take, one_set()}};
    expect('?');
    Steps steps;
    if (take('=')) {
      steps = {{Kind::peek, one_set()}};
    } else if (take('!')) {
      steps = {{Kind::peek_not, one_set()}};
    } else {
      expect(':');
      steps = alternation();
    }
    expect(')');
    return steps;
  }

  std::uint32_t one_set() {
    CodePointSet set;
    if (take('[')) {
      set.negated = take('^');
      while (at_ < text_.size() && !at(']')) member(set);
      expect(']');
    } else if (at(']') || at('*') || at('+') || at('?') || at('.') || at('^')) {
      blame("an operator where a code point was expected");
    } else {
      simple(set);
    }
    return index_of(set);
  }

  /// One code point or escape inside or outside of brackets; nothing for an escape that names a
  /// class, which joins the set.
  std::optional<char32_t> simple(CodePointSet& set) {
    if (at_ >= text_.size()) {
      blame("an end where a code point was expected");
      return std::nullopt;
    }
    char32_t code_point = text_[at_++];
    if (code_point == '\\') {
      if (at_ >= text_.size()) {
        blame("an end after a backslash");
        return std::nullopt;
      }
      code_point = text_[at_++];
      if (code_point == 'p') {
        property(set);
        return std::nullopt;
      }
      if (code_point == 's' || code_point == 'S') {
        set.white_space = true;
        if (code_point == 'S') set.negated = !set.negated;
        return std::nullopt;
      }
      if (code_point == 'n') code_point = '\n';
      if (code_point == 'r') code_point = '\r';
      if (code_point == 't') code_point = '\t';
    }
    set.ranges.emplace_back(code_point, code_point);
    return code_point;
  }

  void member(CodePointSet& set) {
    const auto first = simple(set);
    if (!first || !at('-') || at_ + 1 >= text_.size() || text_[at_ + 1] == ']') return;
    ++at_;
    const auto last = simple(set);
    if (!last || *last < *first) {
      blame("an impossible range");
      return;
    }
    set.ranges.pop_back();
    set.ranges.back().second = *last;
  }

  void property(CodePointSet& set) {
    constexpr std::u32string_view k_letters = U"LMNPS";  // in the order of CodePointClass
    expect('{');
    const std::size_t found =
        at_ < text_.size() ? k_letters.find(text_[at_]) : std::u32string_view::npos;
    if (found == std::u32string_view::npos) {
      blame("an unknown property");
      return;
    }
    ++at_;
    expect('}');
    set.classes |= 1U << (found + 1);
  }

  std::uint32_t index_of(const CodePointSet& set) {
    const auto found = std::find(sets_.begin(), sets_.end(), set);
    const auto index = static_cast<std::uint32_t>(found - sets_.begin());
    if (found == sets_.end()) sets_.push_back(set);
    if (sets_.size() > k_most_sets) blame("too many sets");
    return index;
  }

  std::vector<char32_t> text_;
  std::size_t at_ = 0;
  std::vector<CodePointSet> sets_;
  std::string fault_;
};

}  // namespace

bool CodePointSet::contains(char32_t code_point) const {
  bool inside = (classes >> static_cast<unsigned>(code_point_class(code_point)) & 1U) != 0;
  if (!inside && white_space) inside = is_white_space(code_point);
  for (std::size_t i = 0; !inside && i < ranges.size(); ++i) {
    inside = code_point >= ranges[i].first && code_point <= ranges[i].second;
  }
  return inside != negated;
}

Result<Pattern> Pattern::parse(std::string_view text) {
  PatternParser parser(text);
  Pattern pattern;
  pattern.steps_ = parser.parse();
  if (!parser.fault().empty()) {
    return fail(ErrorCode::refused_input, parser.fault(), "pattern");
  }
  pattern.sets_ = std::move(parser.sets());
  for (std::size_t i = 0; i < k_ascii; ++i) {
    pattern.ascii_sets_[i] = pattern.compare(static_cast<char32_t>(i));
  }
  return pattern;
}

std::uint64_t Pattern::compare(char32_t code_point) const {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    if (sets_[i].contains(code_point)) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

}  // namespace assay
