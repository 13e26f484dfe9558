#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/fact.hpp"
#include "base/json.hpp"

namespace assay {

/// The `sources` and `reasons` maps of a result document: JSON pointer -> where a value came from,
/// or why it is not known.
struct DocumentNotes {
  std::map<std::string, std::string> sources;
  std::map<std::string, std::string> reasons;
};

/// Puts a fact under `key` of `object`: its value, or null. `pointer` is where `object` stands in
/// the document; the source or the reason goes into `notes`. `to_json` turns the value into JSON.
template <typename T, typename ToJson>
void put_fact(Json& object, const std::string& pointer, const std::string& key, const Fact<T>& fact,
              DocumentNotes& notes, ToJson to_json) {
  const std::string place = pointer + "/" + key;
  object[key] = fact.is_known() ? Json(to_json(fact.value())) : Json(nullptr);
  if (fact.state() == FactState::unknown) {
    notes.reasons[place] = fact.reason();
  } else {
    notes.sources[place] =
        fact.state() == FactState::absent ? "absent: " + fact.source() : fact.source();
  }
}

template <typename T>
void put_fact(Json& object, const std::string& pointer, const std::string& key, const Fact<T>& fact,
              DocumentNotes& notes) {
  put_fact(object, pointer, key, fact, notes, [](const T& value) { return Json(value); });
}

/// The fact that a document holds: `value` (nothing for null) with what the notes say about
/// `place`.
template <typename T>
Fact<T> fact_from(std::optional<T> value, const std::string& place, const DocumentNotes& notes) {
  const auto source = notes.sources.find(place);
  if (value)
    return Fact<T>::known(std::move(*value),
                          source == notes.sources.end() ? "document" : source->second);
  constexpr std::string_view k_absent = "absent: ";
  if (source != notes.sources.end() && source->second.starts_with(k_absent)) {
    return Fact<T>::absent(source->second.substr(k_absent.size()));
  }
  const auto reason = notes.reasons.find(place);
  return Fact<T>::unknown(reason == notes.reasons.end() ? "the document does not say"
                                                        : reason->second);
}

}  // namespace assay
