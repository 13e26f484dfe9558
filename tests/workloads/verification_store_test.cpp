#include "workloads/run/verification_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace assay {
namespace {

class VerificationStore : public testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(testing::TempDir()) /
             testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder);
    file = folder / "state" / "verified.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
  std::filesystem::path file;
  VerificationKey key{.shape = "llama, 4 layers", .isa = "avx2", .build = "abc", .session = "p128"};
};

TEST_F(VerificationStore, FindsWhatPassedWithTheSameKeyOnly) {
  EXPECT_FALSE(stored_verification(file, key));
  store_verification(file, key, Verification{true, 1.5e-7, 14, ""});
  const auto found = stored_verification(file, key);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->passed);
  EXPECT_DOUBLE_EQ(*found->logit_nmse, 1.5e-7);
  EXPECT_EQ(found->kernels_checked, 14U);
  for (std::string VerificationKey::* part : {&VerificationKey::shape, &VerificationKey::isa,
                                              &VerificationKey::build, &VerificationKey::session}) {
    VerificationKey other = key;
    other.*part += "x";
    EXPECT_FALSE(stored_verification(file, other));
  }
}

TEST_F(VerificationStore, KeepsNoFailure) {
  store_verification(file, key, Verification{false, 0.5, 14, "wrong"});
  EXPECT_FALSE(stored_verification(file, key));
}

TEST_F(VerificationStore, KeepsNothingForABuildWithoutIdentity) {
  key.build.clear();
  store_verification(file, key, Verification{true, 1e-7, 14, ""});
  EXPECT_FALSE(stored_verification(file, key));
}

TEST_F(VerificationStore, ABrokenFileHoldsNothing) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "{\"schema\": \"assay.verification/1\", \"passed\": [";
  EXPECT_FALSE(stored_verification(file, key));
  store_verification(file, key, Verification{true, 1e-7, 14, ""});
  EXPECT_TRUE(stored_verification(file, key));
}

}  // namespace
}  // namespace assay
