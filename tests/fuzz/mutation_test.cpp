// A slice of the mutations that mutate_models runs in full.
#include <gtest/gtest.h>

#include "tests/fuzz/mutations.hpp"

namespace assay {
namespace {

TEST(Mutations, AreTheSameEachTime) {
  const ModelMutations mutations;
  const ModelMutations again;
  for (const std::uint64_t number : {0U, 17U, 1999U}) {
    EXPECT_EQ(mutations.make(number).file, again.make(number).file);
  }
}

TEST(Mutations, AreRefusedByNameOrRun) {
  constexpr std::uint64_t k_slice = 2000;
  const MutationOutcome outcome = run_mutations(ModelMutations(), 0, k_slice);
  for (const std::string& fault : outcome.faults) ADD_FAILURE() << fault;
  // Both ways are taken: mutations that never pass the parser would test nothing behind it.
  EXPECT_GT(outcome.refused, k_slice / 4);
  EXPECT_GT(outcome.ran, k_slice / 50);
}

}  // namespace
}  // namespace assay
