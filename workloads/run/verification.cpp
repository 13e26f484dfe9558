#include "workloads/run/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "reference-engine/verification.hpp"

namespace assay {
namespace {

// reference_bound() takes activations for normal; the products in a hidden layer have longer tails
// (5 sigma in 32 values: 1.3e-4 of rounding instead of 2.4e-5). Synthetic models of 2, 4 and 16
// layers measure 0.8 of the bound, and trained ones have outliers. What is wrong shows at another
// scale: leaving out one of n layers costs about 1 / n.
constexpr double k_long_tails = 2.0;

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
  auto nmse = reference_nmse(model, session, token);
  if (!nmse) return pass_on(nmse);
  verification.logit_nmse = *nmse;
  const double bound = k_long_tails * reference_bound(model, options.cache);
  verification.passed = *nmse <= bound;
  if (!verification.passed) {
    verification.reason =
        fmt::format("logits at depth {}: NMSE {:.1e} against a float64 pass (at most {:.1e})",
                    shape.context - 1, *nmse, bound);
  }
  if (auto cleared = session.rewind(0); !cleared) return pass_on(cleared);
  store_verification(options.verification_cache, key, verification);
  return verification;
}

}  // namespace assay
