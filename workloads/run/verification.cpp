#include "workloads/run/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "reference-engine/verification.hpp"

namespace assay {
namespace {

/// What decides which code runs in one layer, and on which sizes.
std::string layer_text(const LayerSpec& layer) {
  const AttentionSpec& attention = layer.attention;
  const LatentSpec& latent = attention.latent;
  const std::string latent_text =
      fmt::format(" latent {}/{}/{}/{}", latent.rank, latent.query_rank, latent.key, latent.value);
  const std::string cache =
      attention.cache_of ? fmt::format(" cache of {}", *attention.cache_of) : "";
  return fmt::format("mixer {} heads {}/{}x{}{} window {} rope {}{}{} ff {}",
                     static_cast<int>(layer.mixer), attention.heads, attention.kv_heads,
                     attention.head_dim, attention.is_latent() ? latent_text : "", attention.window,
                     attention.rope ? std::to_string(*attention.rope) : "none", cache,
                     attention.values_are_keys ? " values are keys" : "", layer.d_ff);
}

/// Runs of equal layers, counted.
std::string layers_text(const std::vector<LayerSpec>& layers) {
  std::string text;
  for (std::size_t first = 0, next = 0; first < layers.size(); first = next) {
    while (next < layers.size() && layers[next] == layers[first]) ++next;
    text += fmt::format("{} x ({}), ", next - first, layer_text(layers[first]));
  }
  return text;
}

/// All sizes that decide which code runs on which numbers, in a readable line. An architecture's
/// constants follow from its name.
std::string shape_text(const PreparedModel& model) {
  const ModelSpec& spec = model.spec;
  std::set<std::string> formats;
  for (const PlannedTensor& tensor : model.plan.tensors) {
    formats.insert(std::string(format_name(tensor.format)));
  }
  const RopeSpec& rope = spec.rope();
  const std::string groups =
      spec.moe.groups > 1 ? fmt::format(" of {}/{} groups", spec.moe.groups_used, spec.moe.groups)
                          : "";
  return fmt::format(
      "{} {} {}: {}d {}, vocabulary {}{}, experts {}/{}x{}+{}{}, layer input {}, rope {} {} {}, "
      "qk norm {}, {} ({})",
      model.about.source, model.about.id, spec.architecture, layers_text(spec.layers), spec.d_model,
      spec.vocabulary, spec.tied_embeddings ? " tied" : "", spec.moe.used, spec.moe.experts,
      spec.moe.d_expert, spec.moe.d_shared, groups, spec.d_layer_input, rope.dims, rope.base,
      static_cast<int>(rope.pairs), static_cast<int>(spec.qk_norm), model.about.format,
      fmt::join(formats, " "));
}

VerificationKey key_of(const PreparedModel& prepared, const Model& model,
                       const WorkloadSpec& workload, const MeasureOptions& options) {
  return {.shape = shape_text(prepared),
          .isa = model.kernels().isa,
          .build = build_id(),
          .session = fmt::format("prompt {}, depth {}, cache {}, threads {}",
                                 workload.prompt_tokens, workload.context_depth,
                                 cache_format_name(options.cache), options.threads)};
}

/// The products of the workload: decode steps of one token, and the passes of the prompt.
std::set<MatmulShape> products_of(const Model& model, const WorkloadSpec& workload,
                                  const SessionShape& shape) {
  std::set<std::uint32_t> columns{1};
  if (workload.prompt_tokens > 0) columns.insert(shape.chunk);
  if (const std::uint32_t rest = workload.prompt_tokens % shape.chunk; rest > 0) {
    columns.insert(rest);
  }
  // Rows are alike; what is checked is as many as give every kernel full and partial panels.
  constexpr std::uint64_t k_rows = 48;
  std::set<MatmulShape> products;
  for (const std::uint32_t count : columns) {
    for (MatmulShape product : matmul_shapes(model, count)) {
      product.rows = std::min(product.rows, k_rows);
      products.insert(product);
    }
  }
  return products;
}

/// False, with the reason, at the first product that is wrong.
bool check_products(const Model& model, const std::set<MatmulShape>& products,
                    Verification& verification) {
  // Wide passes repeat the same columns' work: fewer rows keep each check within a few million
  // multiplications.
  constexpr std::uint64_t k_multiplications = std::uint64_t{1} << 22;
  constexpr std::uint64_t k_fewest_rows = 9;  // more than one panel of eight
  for (const MatmulShape& product : products) {
    const std::uint64_t rows =
        std::max(k_multiplications / (product.k * product.columns), k_fewest_rows);
    const KernelCheck check =
        check_multiply(model.kernels(), product, std::min(rows, product.rows));
    ++verification.kernels_checked;
    if (check.passed()) continue;
    verification.reason =
        fmt::format("{} ({}) on {} x {}: NMSE {:.1e} against the definition (at most {:.1e})",
                    check.kernel, check.isa, check.k, check.columns, check.nmse, check.bound);
    return false;
  }
  return true;
}

}  // namespace

Result<Verification> verify_outputs(const PreparedModel& prepared, const Model& model,
                                    Session& session, const WorkloadSpec& workload,
                                    const MeasureOptions& options) {
  const VerificationKey key = key_of(prepared, model, workload, options);
  if (const auto stored = stored_verification(options.verification_cache, key)) return *stored;
  Verification verification;
  const SessionShape shape = session_shape(workload, options);
  if (!check_products(model, products_of(model, workload, shape), verification)) {
    return verification;
  }
  if (auto cleared = session.rewind(0); !cleared) return pass_on(cleared);
  if (shape.context > 1) {
    if (auto filled = session.fill_to(shape.context - 1, options.seed); !filled) {
      return pass_on(filled);
    }
  }
  const auto token = static_cast<TokenId>(options.seed % prepared.spec.vocabulary);
  const auto check = check_session(model, session, token);
  if (!check) return pass_on(check);
  if (!check->steps.empty()) verification.logit_nmse = check->logit_nmse;
  verification.passed = check->passed();
  if (!verification.passed) {
    verification.reason = fmt::format("{}, at depth {}", check->reason(), shape.context - 1);
  }
  if (auto cleared = session.rewind(0); !cleared) return pass_on(cleared);
  store_verification(options.verification_cache, key, verification);
  return verification;
}

}  // namespace assay
