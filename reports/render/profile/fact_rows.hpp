#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/fact.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "reports/render/sections.hpp"

namespace assay {

/// What the user can do about a fact that is unknown for this reason; empty when there is nothing.
std::string_view remedy_for(std::string_view reason);

/// One section of the screen while its facts get their rows. A known fact is one row. An absent one
/// has a row only where people expect the thing (`if_absent` names what to say). Unknown facts are
/// gathered below the others, those of one reason in one row, with what can be done about them.
class FactRows {
 public:
  explicit FactRows(std::string title) { section_.title = std::move(title); }

  /// `show` turns the value into what people read, in their units.
  template <typename T, typename Show>
  FactRows& fact(const std::string& label, const Fact<T>& fact, Show show,
                 std::string_view if_absent = {}) {
    if (fact.is_known()) return row(label, {show(fact.value()), Tone::plain});
    if (fact.state() == FactState::unknown) return unknown(label, fact.reason());
    if (!if_absent.empty()) row(label, {std::string(if_absent), Tone::plain});
    return *this;
  }
  FactRows& text(const std::string& label, const Fact<std::string>& fact,
                 std::string_view if_absent = {});
  FactRows& bytes(const std::string& label, const Fact<Bytes>& fact,
                  std::string_view if_absent = {});
  FactRows& row(std::string label, Cell cell);
  FactRows& unknown(std::string_view label, const std::string& reason);

  /// The finished section.
  [[nodiscard]] Section take();

 private:
  Section section_;
  std::vector<std::string> reasons_;  // in the order of their first fact
  std::map<std::string, std::vector<std::string>> labels_of_;
};

}  // namespace assay
