#include "advisor/gpu_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "advisor/catalogue.hpp"
#include "tests/advisor/example_machine.hpp"

namespace assay {
namespace {

using ::testing::HasSubstr;

const HardwareTable& table() {
  static const HardwareTable k_table = builtin_hardware().value();
  return k_table;
}

Question question_of(const char* model, Recipe recipe = Recipe::q4_k_m) {
  static const Catalogue k_catalogue = builtin_catalogue().value();
  const CatalogueEntry* entry = k_catalogue.find(model);
  Question question;
  question.model = model;
  question.spec = entry->spec;
  question.plan = tensor_plan(entry->spec, recipe).value();
  return question;
}

template <typename T>
Fact<T> known(T value) {
  return Fact<T>::known(value, "test");
}

GpuProfile gpu_of(std::uint16_t vendor, std::uint16_t device, Bytes memory) {
  GpuProfile gpu;
  gpu.vendor_id = vendor;
  gpu.vendor = "NVIDIA";
  gpu.device_id = device;
  gpu.memory = known(memory);
  return gpu;
}

/// A machine with 32 GB, 24 of them available.
std::vector<GpuAnswer> answers(const Question& question, std::vector<GpuProfile> gpus) {
  MachineProfile machine;
  machine.memory.total = known(gibibytes(32));
  machine.memory.theoretical_bandwidth_bytes_per_second = known(51.2e9);
  machine.gpus = std::move(gpus);
  return gpu_answers(question, machine, example_calibration(), known(gibibytes(24)),
                     builtin_policy().value(), table());
}

constexpr std::uint16_t k_nvidia = 0x10de;
constexpr std::uint16_t k_amd = 0x1002;

TEST(GpuAnswer, ADiscreteCardHasItsOwnMemory) {
  const auto found = answers(question_of("qwen3-8b"), {gpu_of(k_nvidia, 0x2882, mebibytes(8188))});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "NVIDIA GeForce RTX 4060");
  EXPECT_FALSE(found[0].shared_with_cpu);
  ASSERT_TRUE(found[0].offload);
  EXPECT_EQ(found[0].offload->split, Split::whole);
  EXPECT_EQ(found[0].offload->decode_tokens_per_second.basis, Basis::profile);
  EXPECT_TRUE(found[0].time_to_first_token_seconds.is_known());
  EXPECT_THAT(found[0].why, HasSubstr("whole in its memory"));
}

TEST(GpuAnswer, WhatDoesNotFitIsSplit) {
  const auto found = answers(question_of("qwen3-14b"), {gpu_of(k_nvidia, 0x2882, mebibytes(8188))});
  ASSERT_TRUE(found.at(0).offload);
  EXPECT_EQ(found[0].offload->split, Split::layers);
  EXPECT_THAT(found[0].why, HasSubstr("layers fit its memory"));
  EXPECT_FALSE(found[0].time_to_first_token_seconds.is_known());
}

TEST(GpuAnswer, SharedMemoryIsCountedOnceAndReadAtTheMachinesOwnSpeed) {
  const auto found = answers(question_of("qwen3-8b"), {gpu_of(k_amd, 0x1900, mebibytes(512))});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].shared_with_cpu);
  EXPECT_EQ(found[0].memory.value(), gibibytes(16));  // half of 32, less than what is available
  ASSERT_TRUE(found[0].offload);
  // 51.2 GB/s over 4.7 GB a token: never 120 GB/s, which the part is sold with at most.
  EXPECT_LT(found[0].offload->decode_tokens_per_second.expected, 51.2 / 4.6);
}

TEST(GpuAnswer, PartOfAModelInSharedMemoryIsNoGain) {
  const auto found = answers(question_of("mistral-small-24b-2501", Recipe::q8_0),
                             {gpu_of(k_amd, 0x1900, mebibytes(512))});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].offload);
}

TEST(GpuAnswer, AGpuThatIsNotInTheTableIsNamedAndUnknown) {
  GpuProfile gpu = gpu_of(k_nvidia, 0xffff, gibibytes(8));
  gpu.name = known(std::string("NVIDIA Quadro K2000"));
  const auto found = answers(question_of("qwen3-8b"), {gpu});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].offload);
  EXPECT_THAT(found[0].why, HasSubstr("not in the table"));
}

TEST(GpuAnswer, AGpuThatOnlyItsDriverDescribesIsJudgedByThat) {
  GpuProfile gpu = gpu_of(k_nvidia, 0xffff, gibibytes(8));
  gpu.memory_kind = known(DeviceMemoryKind::dedicated);
  gpu.theoretical_bandwidth_bytes_per_second = Fact<double>::known(272e9, "NVML");
  const auto found = answers(question_of("qwen3-8b"), {gpu});
  ASSERT_EQ(found.size(), 1U);
  ASSERT_TRUE(found[0].offload);
  EXPECT_EQ(found[0].name, "NVIDIA GPU 10de:ffff");
  EXPECT_EQ(found[0].source, "NVML");
  const auto in_table = answers(question_of("qwen3-8b"), {gpu_of(k_nvidia, 0x2882, gibibytes(8))});
  EXPECT_EQ(found[0].offload->decode_tokens_per_second.expected,
            in_table[0].offload->decode_tokens_per_second.expected);
}

TEST(GpuAnswer, ABandwidthThatNoMemoryHasIsNotTaken) {
  GpuProfile gpu = gpu_of(k_nvidia, 0xffff, gibibytes(8));
  gpu.memory_kind = known(DeviceMemoryKind::dedicated);
  for (const double bandwidth : {0.0, -1.0, 1e30}) {
    gpu.theoretical_bandwidth_bytes_per_second = Fact<double>::known(bandwidth, "NVML");
    EXPECT_FALSE(answers(question_of("qwen3-8b"), {gpu}).at(0).offload) << bandwidth;
  }
}

TEST(GpuAnswer, AGpuOfWhichNothingIsToldIsUnknown) {
  const auto found = answers(question_of("qwen3-8b"), {gpu_of(k_nvidia, 0, gibibytes(16))});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "NVIDIA GPU");
  EXPECT_THAT(found[0].why, HasSubstr("neither its name nor its PCI id is known"));
}

TEST(GpuAnswer, SoftwareAndDisplayAdaptersHaveNone) {
  GpuProfile software = gpu_of(k_nvidia, 0x2882, gibibytes(8));
  software.software = true;
  GpuProfile display = gpu_of(0x1a03, 0x2000, mebibytes(16));
  display.name = known(std::string(k_display_adapter_name));
  EXPECT_TRUE(answers(question_of("qwen3-8b"), {software, display}).empty());
}

TEST(GpuAnswer, AlikeOnesAreNamedOnce) {
  const GpuProfile gpu = gpu_of(k_nvidia, 0x2882, mebibytes(8188));
  const auto found = answers(question_of("qwen3-8b"), {gpu, gpu});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].count, 2U);
}

TEST(GpuAnswer, TheDocumentSaysWhereTheModelIs) {
  const auto found =
      answers(question_of("qwen3-30b-a3b"), {gpu_of(k_nvidia, 0x2882, mebibytes(8188))});
  const Json json = gpu_answer_to_json(found.at(0));
  EXPECT_EQ(json["placement"], "experts_in_memory");
  EXPECT_EQ(json["decode_tokens_per_second"]["basis"], "profile");
  EXPECT_THAT(json["llama_cpp_options"].get<std::string>(), HasSubstr("--n-cpu-moe"));
  EXPECT_GT(json["system_bytes"].get<std::uint64_t>(), 0U);
  const auto unknown = gpu_answer_to_json(GpuAnswer{});
  EXPECT_TRUE(unknown["placement"].is_null());
  EXPECT_TRUE(unknown["usable_memory_bytes"].is_null());
}

}  // namespace
}  // namespace assay
