#include "advisor/verdict.hpp"
#include "base/enum_table.hpp"

namespace assay {
namespace {

constexpr EnumTable<Basis, 2> k_basis_names{{{
    {Basis::this_machine, "this_machine"},
    {Basis::profile, "profile"},
}}};
constexpr EnumTable<Origin, 3> k_origin_names{{{
    {Origin::measured, "measured"},
    {Origin::predicted, "predicted"},
    {Origin::unknown, "unknown"},
}}};
constexpr EnumTable<VerdictKind, 5> k_verdict_names{{{
    {VerdictKind::comfortable, "comfortable"},
    {VerdictKind::ok, "ok"},
    {VerdictKind::tight, "tight"},
    {VerdictKind::no, "no"},
    {VerdictKind::unknown, "unknown"},
}}};
constexpr EnumTable<Limit, 7> k_limit_names{{{
    {Limit::memory, "memory"},
    {Limit::decode_speed, "decode_speed"},
    {Limit::first_token, "first_token"},
    {Limit::context, "context"},
    {Limit::storage, "storage"},
    {Limit::unsupported, "unsupported"},
    {Limit::none, "none"},
}}};

}  // namespace

std::string_view basis_name(Basis basis) { return k_basis_names.name(basis); }
std::optional<Basis> basis_from_name(std::string_view name) { return k_basis_names.value(name); }
std::string_view origin_name(Origin origin) { return k_origin_names.name(origin); }
std::optional<Origin> origin_from_name(std::string_view name) { return k_origin_names.value(name); }
std::string_view verdict_name(VerdictKind verdict) { return k_verdict_names.name(verdict); }
std::optional<VerdictKind> verdict_from_name(std::string_view name) {
  return k_verdict_names.value(name);
}
std::string_view limit_name(Limit limit) { return k_limit_names.name(limit); }
std::optional<Limit> limit_from_name(std::string_view name) { return k_limit_names.value(name); }

}  // namespace assay
