#include "shunt/generation/model_registry.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>

namespace shunt::generation {
namespace {

bool is_valid_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, allowed);
}

}  // namespace

void fill_defaults(const Model& model, Json& input) {
  model.input_rules.fill_defaults(input);
}

bool takes_message_files(const Model& model) noexcept {
  return model.generator != nullptr && model.generator->takes_message_files();
}

Result<void> check_input(const Model& model, const GenerationRequest& request) {
  const bool takes_named = takes_message_files(model);
  const InputFiles members = takes_named ? files_of_members(request.files) : request.files;
  if (auto checked = model.input_rules.check(request.input, members); !checked) return checked;
  if (takes_named) {
    auto checked = model.generator->check_message_files(request.input, request.files);
    if (!checked) return checked;
  }
  if (members.empty()) return model.generator->check_input(request.input);
  // Where a file will be is not known yet; that there is one is.
  std::map<std::string, std::string> places;
  for (const auto& [member, file] : members) places.emplace(member, "/file");
  return model.generator->check_input(input_with_files(request, places));
}

std::shared_ptr<const Model> ModelSnapshot::find(std::string_view name) const {
  const auto found = models_->find(name);
  return found == models_->end() ? nullptr : found->second;
}

struct ModelRegistry::Follower::List {
  std::mutex mutex;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::function<void()>> functions;
};

ModelRegistry::Follower::~Follower() {
  const auto list = list_.lock();
  if (!list) return;
  const std::lock_guard lock(list->mutex);
  list->functions.erase(id_);
}

ModelRegistry::Follower& ModelRegistry::Follower::operator=(Follower&& other) noexcept {
  std::swap(list_, other.list_);
  std::swap(id_, other.id_);
  return *this;
}

struct ModelRegistry::State {
  std::mutex mutex;
  std::shared_ptr<const ModelSnapshot::Models> models = std::make_shared<const ModelSnapshot::Models>();
  std::vector<std::weak_ptr<Model>> made;  // whose generators end with the registry
  std::shared_ptr<Follower::List> followers = std::make_shared<Follower::List>();
};

ModelRegistry::ModelRegistry() : state_(std::make_unique<State>()) {}
ModelRegistry::ModelRegistry(ModelRegistry&&) noexcept = default;

ModelRegistry& ModelRegistry::operator=(ModelRegistry&& other) noexcept {
  end_generators();
  state_ = std::move(other.state_);
  return *this;
}

ModelRegistry::~ModelRegistry() {
  end_generators();
}

void ModelRegistry::end_generators() noexcept {
  if (!state_) return;
  for (const auto& made : state_->made) {
    if (const auto model = made.lock()) model->generator.reset();
  }
}

Result<void> ModelRegistry::add(Model model) {
  if (!is_valid_name(model.name)) {
    return invalid_field("/name",
                         "a model's name is 1 to 128 of A-Z a-z 0-9 . _ : / -, got \"" + model.name + '"');
  }
  const auto made = std::make_shared<Model>(std::move(model));
  if (auto shared = share(made); !shared) return shared;
  state_->made.push_back(made);
  return {};
}

Result<void> ModelRegistry::share(std::shared_ptr<const Model> model) {
  const std::lock_guard lock(state_->mutex);
  auto models = std::make_shared<ModelSnapshot::Models>(*state_->models);
  const std::string& name = model->name;
  if (!models->emplace(name, model).second) {
    return invalid_field("/name", "there is a model \"" + name + "\" already");
  }
  state_->models = std::move(models);
  return {};
}

std::shared_ptr<const Model> ModelRegistry::find(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->models->find(name);
  return found == state_->models->end() ? nullptr : found->second;
}

ModelSnapshot ModelRegistry::all() const {
  const std::lock_guard lock(state_->mutex);
  return ModelSnapshot(state_->models);
}

void ModelRegistry::replace(ModelRegistry fresh) {
  std::vector<std::weak_ptr<Model>> made = std::exchange(fresh.state_->made, {});
  std::erase_if(state_->made, [](const auto& model) { return model.expired(); });
  std::ranges::move(made, std::back_inserter(state_->made));
  {
    // What nobody has any more goes with `fresh`, after the lock.
    const std::lock_guard lock(state_->mutex);
    state_->models.swap(fresh.state_->models);
  }
  const std::lock_guard lock(state_->followers->mutex);
  for (const auto& [id, changed] : state_->followers->functions) changed();
}

ModelRegistry::Follower ModelRegistry::follow(std::function<void()> changed) const {
  Follower follower;
  const std::lock_guard lock(state_->followers->mutex);
  follower.list_ = state_->followers;
  follower.id_ = ++state_->followers->last_id;
  state_->followers->functions.emplace(follower.id_, std::move(changed));
  return follower;
}

}  // namespace shunt::generation
