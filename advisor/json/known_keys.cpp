#include "advisor/json/known_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace assay {

Result<void> only_known_keys(const JsonFields& fields,
                             std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : fields.json().items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const auto nearest =
        nearest_names(key, std::vector<std::string>(known.begin(), known.end()), 1);
    return fields.refuse(printable(key, 40),
                         nearest.empty()
                             ? fmt::format("unknown key (expected {})", fmt::join(known, ", "))
                             : fmt::format("unknown key (did you mean {}?)", nearest.front()));
  }
  return {};
}

}  // namespace assay
