#include "advisor/verdict.hpp"
#include "base/enum_table.hpp"

namespace assay {
namespace {

constexpr EnumTable<Basis, 3> k_basis_names{{{
    {Basis::this_machine, "this_machine"},
    {Basis::given_result, "given_result"},
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
constexpr EnumTable<Limit, 8> k_limit_names{{{
    {Limit::memory, "memory"},
    {Limit::decode_speed, "decode_speed"},
    {Limit::first_token, "first_token"},
    {Limit::answer_time, "answer_time"},
    {Limit::context, "context"},
    {Limit::storage, "storage"},
    {Limit::unsupported, "unsupported"},
    {Limit::none, "none"},
}}};
constexpr EnumTable<ChangeKind, 17> k_change_names{{{
    {ChangeKind::own_gpu, "own_gpu"},
    {ChangeKind::answer_without_thinking, "answer_without_thinking"},
    {ChangeKind::smaller_cache, "smaller_cache"},
    {ChangeKind::smaller_context, "smaller_context"},
    {ChangeKind::larger_context, "larger_context"},
    {ChangeKind::shorter_prompt, "shorter_prompt"},
    {ChangeKind::close_programs, "close_programs"},
    {ChangeKind::raise_limit, "raise_limit"},
    {ChangeKind::other_format, "other_format"},
    {ChangeKind::several_settings, "several_settings"},
    {ChangeKind::mixture_of_experts, "mixture_of_experts"},
    {ChangeKind::smaller_model, "smaller_model"},
    {ChangeKind::second_memory_channel, "second_memory_channel"},
    {ChangeKind::more_memory, "more_memory"},
    {ChangeKind::faster_memory, "faster_memory"},
    {ChangeKind::gpu, "gpu"},
    {ChangeKind::other, "other"},
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
std::string_view change_name(ChangeKind kind) { return k_change_names.name(kind); }
std::optional<ChangeKind> change_from_name(std::string_view name) {
  return k_change_names.value(name);
}

}  // namespace assay
