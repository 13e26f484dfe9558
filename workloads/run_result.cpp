#include "workloads/run_result.hpp"

#include "base/enum_table.hpp"

namespace assay {
namespace {

constexpr EnumTable<Validity, 4> k_validity_names{{{{Validity::ok, "ok"},
                                                    {Validity::noisy, "noisy"},
                                                    {Validity::unstable, "unstable"},
                                                    {Validity::invalid, "invalid"}}}};

}  // namespace

std::string_view validity_name(Validity validity) { return k_validity_names.name(validity); }
std::optional<Validity> validity_from_name(std::string_view name) {
  return k_validity_names.value(name);
}

}  // namespace assay
