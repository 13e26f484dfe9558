#pragma once

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/embedded.hpp"

namespace assay {

inline nlohmann::json embedded_json(const char* file) {
  return nlohmann::json::parse(embedded_file(file).value());
}

/// Whether a document is one of the schema that is compiled in.
inline bool schema_accepts(const char* schema_file, const nlohmann::json& document) {
  const nlohmann::json json = embedded_json(schema_file);
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(json), schema);
  valijson::Validator validator;
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

}  // namespace assay
