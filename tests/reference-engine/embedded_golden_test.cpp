// The golden models that the program carries.

#include "reference-engine/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "reference-engine/kernel_selection.hpp"

namespace assay {
namespace {

TEST(EmbeddedGolden, EachPassesOnEveryInstructionSet) {
  ThreadPool pool(2);
  std::set<std::string> formats;
  for (const std::string& isa : available_isas(live_cpu_features())) {
    for (const std::string& name : embedded_golden_names()) {
      const auto check = check_golden(name, **select_kernels(live_cpu_features(), isa), pool);
      ASSERT_TRUE(check) << check.error().text();
      EXPECT_TRUE(check->passed()) << name << " " << isa << " " << check->nmse;
      formats.insert(check->format);
    }
  }
  EXPECT_EQ(formats, (std::set<std::string>{"F32", "Q4_0", "Q4_K"}));
}

/// Kernels with one fault, over those of this machine.
const KernelTable* sound = nullptr;

TEST(EmbeddedGolden, NoticesAFaultInOneKernel) {
  ThreadPool pool(2);
  sound = *select_kernels(live_cpu_features());
  KernelTable faulty = *sound;
  faulty.silu_multiply = [](float* gate, const float* up, std::size_t n) {
    sound->silu_multiply(gate, up, n);
    for (std::size_t i = 0; i < n; i += 2) gate[i] *= 1.1F;  // a norm would undo it for all
  };
  for (const std::string& name : embedded_golden_names()) {
    const auto check = check_golden(name, faulty, pool);
    ASSERT_TRUE(check) << check.error().text();
    EXPECT_FALSE(check->passed()) << name;
  }
  faulty = *sound;
  faulty.exp_sum = [](float* x, float, std::size_t n) {
    std::fill_n(x, n, NAN);
    return 1.0F;
  };
  const auto check = check_golden("stories260K", faulty, pool);
  ASSERT_TRUE(check);
  EXPECT_FALSE(check->passed());
}

TEST(EmbeddedGolden, RefusesANameThatIsNone) {
  ThreadPool pool(1);
  EXPECT_FALSE(check_golden("none", **select_kernels(live_cpu_features()), pool));
}

}  // namespace
}  // namespace assay
