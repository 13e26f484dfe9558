#include "base/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace assay {
namespace {

constexpr int k_most_depth = 64;

/// Stops the parser at nesting that is too deep and at keys that come twice.
class StructureCheck {
 public:
  bool operator()(int depth, nlohmann::detail::parse_event_t event, const Json& value) {
    using Event = nlohmann::detail::parse_event_t;
    if (depth > k_most_depth) throw_problem(fmt::format("nested deeper than {}", k_most_depth));
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Event::key && !keys_.empty()) {
      const auto& key = value.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        throw_problem(fmt::format("the key \"{}\" comes twice in one object", printable(key, 60)));
      }
    }
    return true;
  }

 private:
  [[noreturn]] static void throw_problem(const std::string& what) {
    throw std::runtime_error(what);  // caught in parse_json, the library's only wrapper
  }
  std::vector<std::set<std::string>> keys_;
};

/// Cuts the library's preface: "[json.exception.parse_error.101] parse error at line 1: ...".
std::string plain_message(std::string_view message) {
  const std::size_t end = message.find("] ");
  if (message.starts_with('[') && end != std::string_view::npos) message.remove_prefix(end + 2);
  return printable(message, 200);
}

std::string describe_value(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_null()) return "null";
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& source) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  // The library takes a NUL for the end of the text, whatever follows it.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return fail(ErrorCode::refused_input, fmt::format("is not valid JSON: byte {} is NUL", nul),
                source);
  }
  try {
    StructureCheck check;
    Json::parser_callback_t callback = [&check](int depth, Json::parse_event_t event, Json& value) {
      return check(depth, event, value);
    };
    return Json::parse(text.begin(), text.end(), callback);
  } catch (const std::exception& problem) {
    return fail(ErrorCode::refused_input,
                fmt::format("is not valid JSON: {}", plain_message(problem.what())), source);
  }
}

Result<Json> read_json_file(const std::filesystem::path& path, Bytes limit) {
  auto text = read_file(path, limit);
  if (!text) return pass_on(text);
  return parse_json(*text, path.string());
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

JsonFields::JsonFields(const Json& object, std::string source, std::string pointer)
    : object_(&object), source_(std::move(source)), pointer_(std::move(pointer)) {}

const Json* JsonFields::find(std::string_view key) const {
  if (!object_->is_object()) return nullptr;
  const auto found = object_->find(std::string(key));
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::has(std::string_view key) const { return find(key) != nullptr; }

tl::unexpected<Error> JsonFields::refuse(std::string_view key, const std::string& found) const {
  return fail(ErrorCode::refused_input,
              fmt::format("{}{}{}: {}", pointer_, key.empty() ? "" : "/", key, found), source_);
}

namespace {

template <typename T>
struct Wanted;
template <>
struct Wanted<std::string> {
  static constexpr const char* k_name = "a string";
  static bool fits(const Json& value) { return value.is_string(); }
};
template <>
struct Wanted<double> {
  static constexpr const char* k_name = "a number";
  static bool fits(const Json& value) {
    return value.is_number() && std::isfinite(value.get<double>());
  }
};
template <>
struct Wanted<std::uint64_t> {
  static constexpr const char* k_name = "a whole number, zero or more";
  static bool fits(const Json& value) { return value.is_number_unsigned(); }
};
template <>
struct Wanted<bool> {
  static constexpr const char* k_name = "true or false";
  static bool fits(const Json& value) { return value.is_boolean(); }
};

template <typename T>
Result<T> take(const JsonFields& fields, std::string_view key, const Json* value) {
  if (value == nullptr)
    return fields.refuse(key, fmt::format("missing (expected {})", Wanted<T>::k_name));
  if (!Wanted<T>::fits(*value)) {
    return fields.refuse(
        key, fmt::format("{} found (expected {})", describe_value(*value), Wanted<T>::k_name));
  }
  return value->get<T>();
}

template <typename T>
Result<std::optional<T>> take_optional(const JsonFields& fields, std::string_view key,
                                       const Json* value) {
  if (value == nullptr) return std::optional<T>();
  auto taken = take<T>(fields, key, value);
  if (!taken) return pass_on(taken);
  return std::optional<T>(std::move(*taken));
}

template <typename T>
Result<std::vector<T>> take_array(const JsonFields& fields, std::string_view key,
                                  const Json* value) {
  if (value == nullptr || !value->is_array()) {
    return fields.refuse(key, fmt::format("{} (expected an array)",
                                          value == nullptr ? "missing" : describe_value(*value)));
  }
  std::vector<T> items;
  for (std::size_t i = 0; i < value->size(); ++i) {
    auto item = take<T>(fields, fmt::format("{}/{}", key, i), &(*value)[i]);
    if (!item) return pass_on(item);
    items.push_back(std::move(*item));
  }
  return items;
}

}  // namespace

Result<std::string> JsonFields::text(std::string_view key) const {
  return take<std::string>(*this, key, find(key));
}
Result<double> JsonFields::number(std::string_view key) const {
  return take<double>(*this, key, find(key));
}
Result<std::uint64_t> JsonFields::count(std::string_view key) const {
  return take<std::uint64_t>(*this, key, find(key));
}
Result<bool> JsonFields::flag(std::string_view key) const {
  return take<bool>(*this, key, find(key));
}

Result<JsonFields> JsonFields::object(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_object()) {
    return refuse(key, fmt::format("{} (expected an object)",
                                   value == nullptr ? "missing" : describe_value(*value)));
  }
  return JsonFields(*value, source_, fmt::format("{}/{}", pointer_, key));
}

Result<std::vector<JsonFields>> JsonFields::objects(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_array()) {
    return refuse(key, fmt::format("{} (expected an array of objects)",
                                   value == nullptr ? "missing" : describe_value(*value)));
  }
  std::vector<JsonFields> items;
  for (std::size_t i = 0; i < value->size(); ++i) {
    if (!(*value)[i].is_object()) {
      return refuse(fmt::format("{}/{}", key, i),
                    fmt::format("{} (expected an object)", describe_value((*value)[i])));
    }
    items.emplace_back((*value)[i], source_, fmt::format("{}/{}/{}", pointer_, key, i));
  }
  return items;
}

Result<std::vector<double>> JsonFields::numbers(std::string_view key) const {
  return take_array<double>(*this, key, find(key));
}
Result<std::vector<std::string>> JsonFields::texts(std::string_view key) const {
  return take_array<std::string>(*this, key, find(key));
}

Result<std::optional<std::string>> JsonFields::optional_text(std::string_view key) const {
  return take_optional<std::string>(*this, key, find(key));
}
Result<std::optional<double>> JsonFields::optional_number(std::string_view key) const {
  return take_optional<double>(*this, key, find(key));
}
Result<std::optional<std::uint64_t>> JsonFields::optional_count(std::string_view key) const {
  return take_optional<std::uint64_t>(*this, key, find(key));
}
Result<std::optional<bool>> JsonFields::optional_flag(std::string_view key) const {
  return take_optional<bool>(*this, key, find(key));
}

}  // namespace assay
