#pragma once

#include <string>

#include "base/fact_json.hpp"
#include "base/json.hpp"
#include "probes/machine_profile.hpp"

// The sections of a profile in a result document, one file each: X_to_json writes one at `pointer`,
// read_X is its inverse (missing fields are unknown facts; errors: refused_input).

namespace assay {

Json cpu_to_json(const CpuProfile& cpu, const std::string& pointer, DocumentNotes& notes);
Result<void> read_cpu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, CpuProfile& cpu);

Json memory_to_json(const MemoryProfile& memory, const std::string& pointer, DocumentNotes& notes);
Result<void> read_memory(const JsonFields& fields, const std::string& pointer,
                         const DocumentNotes& notes, MemoryProfile& memory);

Json gpu_to_json(const GpuProfile& gpu, const std::string& pointer, DocumentNotes& notes);
Result<void> read_gpu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, GpuProfile& gpu);

Json npu_to_json(const NpuProfile& npu, const std::string& pointer, DocumentNotes& notes);
Result<void> read_npu(const JsonFields& fields, const std::string& pointer,
                      const DocumentNotes& notes, NpuProfile& npu);

Json os_to_json(const OsProfile& os, const std::string& pointer, DocumentNotes& notes);
Result<void> read_os(const JsonFields& fields, const std::string& pointer,
                     const DocumentNotes& notes, OsProfile& os);

Json power_to_json(const PowerProfile& power, const std::string& pointer, DocumentNotes& notes);
Result<void> read_power(const JsonFields& fields, const std::string& pointer,
                        const DocumentNotes& notes, PowerProfile& power);

Json storage_to_json(const StorageProfile& storage, const std::string& pointer,
                     DocumentNotes& notes);
Result<void> read_storage(const JsonFields& fields, const std::string& pointer,
                          const DocumentNotes& notes, StorageProfile& storage);

}  // namespace assay
