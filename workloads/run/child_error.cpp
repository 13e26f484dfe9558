#include "workloads/run/child_error.hpp"

namespace assay {

Json error_to_json(const Error& error) {
  return {{"error",
           {{"code", static_cast<std::uint64_t>(error.code)},
            {"message", error.message},
            {"source", error.source},
            {"remedy", error.remedy}}}};
}

Error error_from_json(const JsonFields& fields) {
  Error error;
  error.code = static_cast<ErrorCode>(
      fields.count("code").value_or(static_cast<std::uint64_t>(ErrorCode::internal)));
  error.message = fields.text("message").value_or("a child process failed without saying why");
  error.source = fields.text("source").value_or("");
  error.remedy = fields.text("remedy").value_or("");
  return error;
}

}  // namespace assay
