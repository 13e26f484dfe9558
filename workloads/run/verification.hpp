#pragma once

#include "workloads/run/bench_model.hpp"
#include "workloads/run/verification_store.hpp"

namespace assay {

/// Compares the kernels on exactly the products of this workload with the scalar definition, and
/// one token, at the depth where the workload ends, with float64: every step of every layer, and
/// the logits of a pass over all of them (check_session). A check that passed before with the same
/// shape, format, instruction set and build is taken from options.verification_cache. The session
/// is left at some depth. Errors: those of the session; wrong output is no error but a Verification
/// that did not pass.
Result<Verification> verify_outputs(const PreparedModel& prepared, const Model& model,
                                    Session& session, const WorkloadSpec& workload,
                                    const MeasureOptions& options);

}  // namespace assay
