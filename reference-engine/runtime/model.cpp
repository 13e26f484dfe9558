#include <utility>

#include "reference-engine/runtime/model_weights.hpp"
#include "reference-engine/session.hpp"

namespace assay {

struct Model::State {
  ModelSpec spec;
  TensorPlan plan;
  const KernelTable* kernels;
  ModelWeights weights;
};

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const ModelSpec& Model::spec() const { return state_->spec; }
const TensorPlan& Model::plan() const { return state_->plan; }
const KernelTable& Model::kernels() const { return *state_->kernels; }
const ModelWeights& Model::weights() const { return state_->weights; }

Model ModelAccess::make(ModelSpec spec, TensorPlan plan, const KernelTable& kernels,
                        ModelWeights weights) {
  return Model(std::unique_ptr<Model::State>(
      new Model::State{std::move(spec), std::move(plan), &kernels, std::move(weights)}));
}

}  // namespace assay
